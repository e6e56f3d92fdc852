"""Versions of what the Lake holds, and corrections of what quarantine holds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

LAKE = "lake"


def upgrade() -> None:
    """Number the loads from here on, and make room for what they replace."""
    _versions()
    _corrections()


def _versions() -> None:
    op.add_column("loads", sa.Column("version", sa.BigInteger), schema=LAKE)
    op.create_index(
        "ix_loads_kind_target_version", "loads", ["kind", "target", "version"], schema=LAKE
    )
    op.create_table(
        "oldest_versions",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "target", name="pk_oldest_versions"),
        schema=LAKE,
    )
    op.execute(  # what they held at earlier versions was not kept
        "INSERT INTO lake.oldest_versions (kind, target, version)"
        " SELECT 'documents', name, version FROM lake.collections"
    )
    op.create_table(
        "former_documents",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("collection_id", sa.Integer, nullable=False),
        sa.Column("load_id", sa.Uuid, nullable=False),
        sa.Column("last_version", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("checksum", sa.Text, nullable=False),
        sa.Column("metadata", JSONB, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("chunks", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_documents"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["lake.collections.id"],
            ondelete="CASCADE",
            name="fk_former_documents_collection_id_collections",
        ),
        schema=LAKE,
    )
    op.create_index(
        "ix_former_documents_collection_id_last_version",
        "former_documents",
        ["collection_id", "last_version"],
        schema=LAKE,
    )


def _corrections() -> None:
    for column in (
        sa.Column("is_whole", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("correction", sa.Text),
        sa.Column("corrected_by", sa.Text),
        sa.Column("corrected_at", sa.DateTime(timezone=True)),
        sa.Column("released_by", sa.Text),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.Column("released_load_id", sa.Uuid),
    ):
        op.add_column("quarantine", column, schema=LAKE)
    op.execute(
        "UPDATE lake.quarantine SET is_whole = false WHERE char_length(payload) >="
        " CASE kind WHEN 'documents' THEN 500 ELSE 10000 END"
    )
