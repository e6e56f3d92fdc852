"""Collections: documents searched together, and the figures kept about them."""

from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row

from neurocortex.errors import CollectionNotFoundError, LakeError
from neurocortex.lake.tables import CollectionRow

MAX_NAME_CHARS: Final = 200


class Collection(BaseModel):
    """A collection as its row describes it at one moment."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    embedder: str
    model_version: str | None
    dimension: int | None
    vector_table: str | None
    fitted_chunks: int
    document_count: int
    chunk_count: int
    token_count: int
    version: int

    @property
    def mean_length(self) -> float:
        """Tokens of a chunk on average, at least 1."""
        return max(1.0, self.token_count / max(1, self.chunk_count))


class CollectionInfo(BaseModel):
    """What a user sees of a collection."""

    model_config = ConfigDict(frozen=True)

    name: str
    documents: int
    chunks: int
    tokens: int
    """Terms in its lexical index."""
    embedder: str
    """Name of its embedding model."""
    model_version: str | None
    """Version of that model; None before the first chunk."""
    dimension: int | None
    version: int
    """Grows with every change."""
    created_at: datetime
    updated_at: datetime


def every(connection: Connection) -> tuple[CollectionInfo, ...]:
    """Return all collections by name."""
    rows = connection.execute(select(CollectionRow.__table__).order_by(CollectionRow.name))
    return tuple(map(_info, rows))


def info(connection: Connection, name: str) -> CollectionInfo:
    """Return what a user sees of the collection of that name.

    Raises:
        CollectionNotFoundError: there is none.
    """
    query = select(CollectionRow.__table__).where(CollectionRow.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise _not_found(connection, name)
    return _info(row)


def find(connection: Connection, name: str) -> Collection:
    """Return the collection of that name.

    Raises:
        CollectionNotFoundError: there is none; it names those that are.
    """
    found = _row(connection, name)
    if found is None:
        raise _not_found(connection, name)
    return found


def lock(connection: Connection, name: str) -> Collection:
    """Return the collection, held against other writers until the transaction ends.

    Raises:
        CollectionNotFoundError: there is none.
    """
    found = _row(connection, name, for_update=True)
    if found is None:
        raise _not_found(connection, name)
    return found


def lock_or_create(connection: Connection, name: str, embedder: str) -> Collection:
    """Return the collection as `lock` does, made first where there is none.

    Raises:
        LakeError: the name is empty or too long.
    """
    if not name.strip() or len(name) > MAX_NAME_CHARS:
        raise LakeError(
            f"{name[:50]!r} cannot name a collection: 1 to {MAX_NAME_CHARS} characters are allowed."
        )
    connection.execute(
        insert(CollectionRow).values(name=name, embedder=embedder).on_conflict_do_nothing()
    )
    return lock(connection, name)


class Change(BaseModel):
    """What a write did to a collection's figures; negative where it took away."""

    model_config = ConfigDict(frozen=True)

    documents: int = 0
    chunks: int = 0
    tokens: int = 0

    def __add__(self, other: Self) -> "Change":
        """Return both together."""
        return Change(
            documents=self.documents + other.documents,
            chunks=self.chunks + other.chunks,
            tokens=self.tokens + other.tokens,
        )


def apply(connection: Connection, collection: Collection, change: Change) -> Collection:
    """Write the change into the collection's figures and give it a new version."""
    connection.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection.id)
        .values(
            document_count=CollectionRow.document_count + change.documents,
            chunk_count=CollectionRow.chunk_count + change.chunks,
            token_count=CollectionRow.token_count + change.tokens,
            version=CollectionRow.version + 1,
            updated_at=func.now(),
        )
    )
    return find(connection, collection.name)


def count_tokens(connection: Connection, collection: Collection, tokens: int) -> None:
    """Add to the tokens a collection has."""
    connection.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection.id)
        .values(token_count=CollectionRow.token_count + tokens)
    )


def set_vectors(
    connection: Connection,
    collection: Collection,
    *,
    table: str,
    model_version: str,
    dimension: int,
    fitted_chunks: int,
) -> None:
    """Record which table holds the collection's vectors, and the model they came from."""
    connection.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection.id)
        .values(
            vector_table=table,
            model_version=model_version,
            dimension=dimension,
            fitted_chunks=fitted_chunks,
        )
    )


def forget_vectors(connection: Connection, collection: Collection, embedder: str) -> None:
    """Record another embedder, and that the collection has no vectors of it yet."""
    connection.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection.id)
        .values(
            embedder=embedder,
            vector_table=None,
            model_version=None,
            dimension=None,
            fitted_chunks=0,
        )
    )


_BY_NAME: Final = select(CollectionRow.__table__).where(CollectionRow.name == bindparam("called"))
_TO_CHANGE: Final = _BY_NAME.with_for_update()


def _row(connection: Connection, name: str, *, for_update: bool = False) -> Collection | None:
    query = _TO_CHANGE if for_update else _BY_NAME
    row = connection.execute(query, {"called": name}).one_or_none()
    return None if row is None else Collection.model_validate(row)


def _not_found(connection: Connection, name: str) -> CollectionNotFoundError:
    known = connection.scalars(select(CollectionRow.name).order_by(CollectionRow.name))
    return CollectionNotFoundError(name, known.all())


def _info(row: Row[tuple[object, ...]]) -> CollectionInfo:
    return CollectionInfo(
        name=row.name,
        documents=row.document_count,
        chunks=row.chunk_count,
        tokens=row.token_count,
        embedder=row.embedder,
        model_version=row.model_version,
        dimension=row.dimension,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
