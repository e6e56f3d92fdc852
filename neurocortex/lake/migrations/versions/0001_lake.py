"""The Lake's first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None

LAKE = "lake"
NOW = sa.text("now()")


def upgrade() -> None:
    """Create everything."""
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    _collections()
    _loads()
    _documents()
    _lexical_index()


def _collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer, sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("dimension", sa.Integer),
        sa.Column("vector_table", sa.Text),
        sa.Column("fitted_chunks", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("document_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("chunk_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("token_count", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.UniqueConstraint("name", name="uq_collections_name"),
        schema=LAKE,
    )
    op.create_table(
        "embedding_models",
        sa.Column("collection_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "version", name="pk_embedding_models"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["lake.collections.id"],
            name="fk_embedding_models_collection_id",
            ondelete="CASCADE",
        ),
        schema=LAKE,
    )
    op.execute(  # its numbers do not compress: trying costs more than writing
        "ALTER TABLE lake.embedding_models ALTER COLUMN content SET STORAGE EXTERNAL"
    )


def _loads() -> None:
    op.create_table(
        "loads",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("flow_run_id", sa.Uuid),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("counts", pg.JSONB, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('documents', 'rows')", name=op.f("ck_loads_kind")),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed')", name=op.f("ck_loads_status")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_loads"),
        schema=LAKE,
    )
    op.create_index("ix_loads_started_at", "loads", ["started_at"], schema=LAKE)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("load_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("row", sa.BigInteger),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.ForeignKeyConstraint(
            ["load_id"], ["lake.loads.id"], name="fk_quarantine_load_id", ondelete="CASCADE"
        ),
        schema=LAKE,
    )
    op.create_index("ix_quarantine_load_id", "quarantine", ["load_id"], schema=LAKE)
    op.create_index("ix_quarantine_target_id", "quarantine", ["target", "id"], schema=LAKE)


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("collection_id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("checksum", sa.Text, nullable=False),
        sa.Column("metadata", pg.JSONB, nullable=False),
        sa.Column("load_id", sa.Uuid, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("collection_id", "source", name="uq_documents_collection_id_source"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["lake.collections.id"],
            name="fk_documents_collection_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["load_id"], ["lake.loads.id"], name="fk_documents_load_id"),
        schema=LAKE,
    )
    op.create_index("ix_documents_load_id", "documents", ["load_id"], schema=LAKE)
    op.create_table(
        "chunks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("heading", sa.Text),
        sa.Column("page", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sa.UniqueConstraint("document_id", "ordinal", name="uq_chunks_document_id_ordinal"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["lake.documents.id"],
            name="fk_chunks_document_id",
            ondelete="CASCADE",
        ),
        schema=LAKE,
    )


def _lexical_index() -> None:
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("collection_id", sa.Integer, nullable=False),
        sa.Column("lengths", pg.ARRAY(sa.BigInteger), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["lake.collections.id"],
            name="fk_segments_collection_id",
            ondelete="CASCADE",
        ),
        schema=LAKE,
    )
    op.create_index("ix_segments_collection_id", "segments", ["collection_id"], schema=LAKE)
    op.create_table(
        "postings",
        sa.Column("segment_id", sa.BigInteger, nullable=False),
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("packed", pg.ARRAY(sa.BigInteger), nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "term", name="pk_postings"),
        schema=LAKE,
    )
    op.execute(  # postings shrink by a tenth when compressed, and take twice as long to write
        "ALTER TABLE lake.postings ALTER COLUMN packed SET STORAGE EXTERNAL"
    )
    op.create_table(
        "dead_chunks",
        sa.Column("collection_id", sa.Integer, nullable=False),
        sa.Column("chunk_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "chunk_id", name="pk_dead_chunks"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["lake.collections.id"],
            name="fk_dead_chunks_collection_id",
            ondelete="CASCADE",
        ),
        schema=LAKE,
    )
