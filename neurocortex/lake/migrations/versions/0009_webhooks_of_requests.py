"""Webhooks of single requests, which have no row until they are written behind."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

WORK = "work"


def upgrade() -> None:
    """A webhook belongs to a request, of which a batch is one kind."""
    op.drop_constraint("fk_webhooks_batch_id", "webhooks", schema=WORK, type_="foreignkey")
    op.alter_column("webhooks", "batch_id", new_column_name="request_id", schema=WORK)
    op.add_column(
        "webhooks",
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        schema=WORK,
    )
