"""Dead letters, in the schema `work`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"

WORK = "work"


def upgrade() -> None:
    """Create the schema and its table."""
    op.execute(f"CREATE SCHEMA IF NOT EXISTS {WORK}")
    op.create_table(
        "dead_letters",
        sa.Column("flow_run_id", sa.Uuid, nullable=False),
        sa.Column("attempts", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text),
        sa.Column("deployment_id", sa.Uuid),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("error_type", sa.Text),
        sa.Column("history", pg.JSONB, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("replayed_as", sa.Uuid),
        sa.PrimaryKeyConstraint("flow_run_id", "attempts", name="pk_dead_letters"),
        schema=WORK,
    )
    op.create_index("ix_dead_letters_created_at", "dead_letters", ["created_at"], schema=WORK)
