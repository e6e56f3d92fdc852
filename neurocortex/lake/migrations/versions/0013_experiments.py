"""Experiments, and what came of the requests that took part."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"

WORK = "work"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "experiments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("experiment", pg.JSONB, nullable=False),
        sa.Column("figures", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("revision", name="uq_experiments_revision"),
        schema=WORK,
    )
    op.create_index(
        "ix_experiments_running",
        "experiments",
        ["operation"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
        schema=WORK,
    )
    op.create_index("ix_experiments_name", "experiments", ["name", "revision"], schema=WORK)
    op.create_table(
        "experiment_outcomes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("experiment_id", sa.Uuid, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed", sa.Boolean),
        sa.Column("seconds", sa.Float),
        sa.Column("cost", sa.Float),
        sa.Column("score", sa.Float),
        sa.Column("teams", pg.ARRAY(sa.Text)),
        sa.Column("is_counted", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_score_counted", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiment_outcomes"),
        schema=WORK,
    )
    op.create_index(
        "ix_experiment_outcomes_new",
        "experiment_outcomes",
        ["experiment_id"],
        postgresql_where=sa.text("NOT is_counted OR (score IS NOT NULL AND NOT is_score_counted)"),
        schema=WORK,
    )
