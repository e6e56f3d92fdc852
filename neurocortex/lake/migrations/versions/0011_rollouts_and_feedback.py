"""Rollouts of models, predictions that are kept, and what was said about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"

WORK = "work"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("forge", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("rollout", pg.JSONB, nullable=False),
        sa.Column("judged", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts"),
        sa.UniqueConstraint("revision", name="uq_rollouts_revision"),
        schema=WORK,
    )
    op.create_index(
        "ix_rollouts_running",
        "rollouts",
        ["forge", "model"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
        schema=WORK,
    )
    op.create_index("ix_rollouts_model", "rollouts", ["forge", "model", "revision"], schema=WORK)
    op.create_table(
        "predictions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        *_model(),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("rows", pg.JSONB, nullable=False),
        sa.Column("answers", pg.JSONB, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        schema=WORK,
    )
    op.create_index("ix_predictions_made_at", "predictions", ["made_at"], schema=WORK)
    op.create_table(
        "feedback",
        sa.Column("prediction_id", sa.Uuid, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        *_model(),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "given_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("score", sa.Float),
        sa.Column("label", pg.JSONB),
        sa.Column("comment", sa.Text, server_default=sa.text("''"), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("prediction_id", "row", name="pk_feedback"),
        schema=WORK,
    )
    op.create_index(
        "ix_feedback_model", "feedback", ["forge", "model", "version", "made_at"], schema=WORK
    )
    op.create_index(
        "ix_feedback_uncollected",
        "feedback",
        ["forge", "model"],
        postgresql_where=sa.text("collected_at IS NULL AND label IS NOT NULL"),
        schema=WORK,
    )


def _model() -> tuple[sa.Column[str], sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("forge", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
