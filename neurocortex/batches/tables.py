"""The tables of batches, as SQLAlchemy sees them: the Lake's migrations create them.

Items and results are rows that are written once: a batch goes on where items have no result.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from neurocortex.lake.tables import NAMING

SCHEMA: Final = "work"

metadata: Final = MetaData(schema=SCHEMA, naming_convention=NAMING)

batches: Final = Table(
    "batches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("total", Integer, nullable=False),
    Column("completed", Integer, server_default=text("0"), nullable=False),
    Column("failed", Integer, server_default=text("0"), nullable=False),
    Column("starts", Integer, server_default=text("0"), nullable=False),
    Column("ended_at_start", Integer, server_default=text("-1"), nullable=False),
)

batch_items: Final = Table(
    "batch_items",
    metadata,
    Column("batch_id", Uuid, ForeignKey(batches.c.id, ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("deadline_s", Float),
)

batch_results: Final = Table(
    "batch_results",
    metadata,
    Column("batch_id", Uuid, ForeignKey(batches.c.id, ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("is_completed", Boolean, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
