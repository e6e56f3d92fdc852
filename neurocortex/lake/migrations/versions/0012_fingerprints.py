"""Fingerprints of documents: what near duplicates are found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"

LAKE = "lake"


def upgrade() -> None:
    """Create the table. Its rows are made when documents are next looked for near duplicates."""
    op.create_table(
        "fingerprints",
        sa.Column("document_id", pg.UUID, nullable=False),
        sa.Column("bands", pg.ARRAY(sa.BigInteger), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_fingerprints"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["lake.documents.id"],
            name="fk_fingerprints_document_id_documents",
            ondelete="CASCADE",
        ),
        schema=LAKE,
    )
    op.create_index(
        "ix_fingerprints_bands", "fingerprints", ["bands"], schema=LAKE, postgresql_using="gin"
    )
