"""The tables of the schema `lake`, as SQLAlchemy sees them.

The migrations in `migrations/` create them; a test holds the two together. Vector tables are not
here: each collection has its own, made by `vectors.py` with the dimension of its model.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA: Final = "lake"

NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Every table of the Lake but the vectors and the datasets' own."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
    }


class CollectionRow(Base):
    """Documents searched together, embedded by one model."""

    __tablename__ = "collections"

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    embedder: Mapped[str]
    """Name of the embedder, the same until the collection is embedded anew."""
    model_version: Mapped[str | None]
    """Version of the model its vectors came from; null until the first chunk is embedded."""
    dimension: Mapped[int | None] = mapped_column(Integer)
    vector_table: Mapped[str | None]
    """The table that holds its vectors now, without the schema."""
    fitted_chunks: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many chunks it had when its model was fitted."""
    document_count: Mapped[int] = mapped_column(default=0, server_default="0")
    chunk_count: Mapped[int] = mapped_column(default=0, server_default="0")
    token_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """Tokens of all its chunks: with `chunk_count` the mean length that BM25 needs."""
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    """Grows with every change that is committed: part of the key of cached answers."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelRow(Base):
    """A fitted embedding model of a collection: numbers only, no pickled code."""

    __tablename__ = "embedding_models"

    collection_id: Mapped[int] = mapped_column(
        ForeignKey(CollectionRow.id, ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LoadRow(Base):
    """One attempt to load documents or rows, committed or undone."""

    __tablename__ = "loads"
    __table_args__ = (
        CheckConstraint("kind IN ('documents', 'rows')", name="kind"),
        CheckConstraint("status IN ('running', 'completed', 'failed')", name="status"),
        Index(None, "started_at"),
        Index(None, "kind", "target", "version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    target: Mapped[str]
    """Name of the collection, or of the table."""
    version: Mapped[int | None]
    """The version of its target that it made; null where it changed nothing or failed."""
    flow_run_id: Mapped[UUID | None]
    """The Prefect flow run that did it."""
    status: Mapped[str]
    reason: Mapped[str | None]
    """Why it failed."""
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class QuarantineRow(Base):
    """A file or row a gate refused, once however often it comes."""

    __tablename__ = "quarantine"
    __table_args__ = (Index(None, "target", "last_seen_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    load_id: Mapped[UUID] = mapped_column(ForeignKey(LoadRow.id, ondelete="CASCADE"), index=True)
    """The last load that refused it."""
    kind: Mapped[str]
    target: Mapped[str]
    source: Mapped[str]
    row: Mapped[int | None]
    rule: Mapped[str]
    reason: Mapped[str]
    payload: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    times: Mapped[int] = mapped_column(default=1, server_default="1")
    """Loads that refused it."""
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """Of everything that makes two entries the same; see `quarantine.py`."""
    is_whole: Mapped[bool] = mapped_column(server_default=true())
    """Whether the payload is all of the original."""
    correction: Mapped[str | None]
    """What is to be loaded in place of the payload."""
    corrected_by: Mapped[str | None]
    corrected_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_load_id: Mapped[UUID | None]
    """The load that brought it into the Lake after all."""


class DocumentRow(Base):
    """A document in its present version."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("collection_id", "source"),
        Index(
            None,
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """uuid5 of collection and source: the same in every run."""
    collection_id: Mapped[int] = mapped_column(ForeignKey(CollectionRow.id, ondelete="CASCADE"))
    source: Mapped[str]
    title: Mapped[str]
    media_type: Mapped[str]
    checksum: Mapped[str]
    details: Mapped[dict[str, JsonValue]] = mapped_column("metadata", JSONB)
    load_id: Mapped[UUID] = mapped_column(ForeignKey(LoadRow.id), index=True)
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ChunkRow(Base):
    """A piece of a document: what a search finds."""

    __tablename__ = "chunks"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey(DocumentRow.id, ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(Integer)
    text: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    heading: Mapped[str | None]
    page: Mapped[int | None] = mapped_column(Integer)


class FingerprintRow(Base):
    """What a document is found by where others say nearly the same."""

    __tablename__ = "fingerprints"
    __table_args__ = (Index(None, "bands", postgresql_using="gin"),)

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey(DocumentRow.id, ondelete="CASCADE"), primary_key=True
    )
    bands: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Texts that are alike have at least one in common; none for a text too short to compare."""


class FormerDocumentRow(Base):
    """A document that a later version replaced or removed, with its chunks."""

    __tablename__ = "former_documents"
    __table_args__ = (Index(None, "collection_id", "last_version"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey(CollectionRow.id, ondelete="CASCADE"))
    load_id: Mapped[UUID]
    """The load that brought it. No foreign key: the record of that load may be gone."""
    last_version: Mapped[int]
    """The last version of the collection that it was in."""
    source: Mapped[str]
    title: Mapped[str]
    media_type: Mapped[str]
    checksum: Mapped[str]
    details: Mapped[dict[str, str]] = mapped_column("metadata", JSONB)
    model_version: Mapped[str | None]
    """Of the model that its vectors came from."""
    chunks: Mapped[list[dict[str, object]]] = mapped_column(JSONB)
    """Each with its vector, as `halfvec_send` writes it, in Base64."""


class OldestVersionRow(Base):
    """The oldest version of a collection or table that can be returned to, where not 0."""

    __tablename__ = "oldest_versions"

    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]


class SegmentRow(Base):
    """A part of a collection's lexical index that is written once and then only merged."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    collection_id: Mapped[int] = mapped_column(
        ForeignKey(CollectionRow.id, ondelete="CASCADE"), index=True
    )
    lengths: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """A posting per chunk, with the frequency 0: how many terms each has."""


class PostingsRow(Base):
    """Where a term occurs in a segment.

    No foreign key: checking one for each of a load's many thousand terms took as long as writing
    them. `segments.py` deletes both together.
    """

    __tablename__ = "postings"

    segment_id: Mapped[int] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    packed: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """A number per chunk, in order: its id, the term's frequency, its length; see `postings.py`."""


class DeadChunkRow(Base):
    """A chunk that is gone but still stands in a segment, until the next merge."""

    __tablename__ = "dead_chunks"

    collection_id: Mapped[int] = mapped_column(
        ForeignKey(CollectionRow.id, ondelete="CASCADE"), primary_key=True
    )
    chunk_id: Mapped[int] = mapped_column(primary_key=True)


class ProfileRow(Base):
    """What a dataset's rows looked like at one load."""

    __tablename__ = "profiles"
    __table_args__ = (Index("ix_profiles_dataset", "dataset", "taken_at"),)

    load_id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset: Mapped[str]
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())
    profile: Mapped[dict[str, JsonValue]] = mapped_column(JSONB)
