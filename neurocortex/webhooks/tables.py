"""The table of webhooks, as SQLAlchemy sees it: the Lake's migrations create it."""

from typing import Final

from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, Uuid, func, text

from neurocortex.batches.tables import metadata

webhooks: Final = Table(
    "webhooks",
    metadata,
    # No foreign key: the record of a request is written behind, after this.
    Column("request_id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("attempts", Integer, server_default=text("0"), nullable=False),
    Column("next_at", DateTime(timezone=True), server_default=func.now()),
    Column("failure", Text),
    Index("ix_webhooks_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
)
"""A row for each request or batch whose end is told; `next_at` is empty when nothing is left to
do."""
