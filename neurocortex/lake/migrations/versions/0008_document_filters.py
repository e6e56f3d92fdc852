"""An index on the metadata of documents, for filters."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create it: paths with their values, which is what equality looks up."""
    op.create_index(
        "ix_documents_metadata",
        "documents",
        ["metadata"],
        schema="lake",
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )
