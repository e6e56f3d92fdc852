"""Requests and sessions, in the schema `work`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"

WORK = "work"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "requests",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", pg.JSONB, nullable=False),
        sa.Column("start", sa.Text),
        sa.Column("result", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        schema=WORK,
    )
    op.create_index("ix_requests_created_at", "requests", ["created_at"], schema=WORK)
    # Few of many have not ended: who looks for them reads only those.
    op.create_index(
        "ix_requests_open",
        "requests",
        ["id"],
        schema=WORK,
        postgresql_where=sa.text("state IN ('accepted', 'running')"),
    )
    op.create_table(
        "sessions",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("context", pg.JSONB, nullable=False),
        sa.Column(
            "used_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_sessions"),
        schema=WORK,
    )
