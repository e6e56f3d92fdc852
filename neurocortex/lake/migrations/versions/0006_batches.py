"""Batches, their items, results and webhooks, in the schema `work`."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WORK = "work"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("completed", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("starts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at_start", sa.Integer, server_default=sa.text("-1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        schema=WORK,
    )
    _of_batch(
        "batch_items",
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("deadline_s", sa.Float),
    )
    _of_batch(
        "batch_results",
        sa.Column("is_completed", sa.Boolean, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "webhooks",
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("batch_id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(
            ["batch_id"], [f"{WORK}.batches.id"], ondelete="CASCADE", name="fk_webhooks_batch_id"
        ),
        schema=WORK,
    )
    # Few of many are still to be sent.
    op.create_index(
        "ix_webhooks_next_at",
        "webhooks",
        ["next_at"],
        schema=WORK,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )


def _of_batch(name: str, *columns: sa.Column[Any]) -> None:
    """Create a table with a row for each line of a batch, which go with it."""
    op.create_table(
        name,
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("batch_id", "line", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            [f"{WORK}.batches.id"],
            ondelete="CASCADE",
            name=f"fk_{name}_batch_id",
        ),
        schema=WORK,
    )
