"""Profiles of datasets, one for each load: what drift is told by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0009"

LAKE = "lake"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "profiles",
        sa.Column("load_id", pg.UUID, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("profile", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("load_id", name="pk_profiles"),
        schema=LAKE,
    )
    op.create_index("ix_profiles_dataset", "profiles", ["dataset", "taken_at"], schema=LAKE)
