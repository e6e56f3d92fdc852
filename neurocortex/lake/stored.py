"""Reading chunks of a collection as records, and counting them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    null,
    select,
    table,
)
from sqlalchemy.engine import Compiled, Dialect

from neurocortex.domain.embedding import OWN_VECTORS
from neurocortex.domain.filters import EVERYTHING, Filter
from neurocortex.lake import filters
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.halfvec import received
from neurocortex.lake.records import Record, joined
from neurocortex.lake.tables import SCHEMA, ChunkRow, DocumentRow

KEPT_STATEMENTS: Final = 256
"""Statements kept compiled, one for each vector table: compiling takes as long as the answer."""


def read(
    connection: Connection, collection: Collection, wanted: Filter, *, vectors: bool
) -> Iterator[Record]:
    """Yield the records that a filter lets through, in the order they came in."""
    query = _query(collection, vectors=vectors).where(filters.condition(wanted))
    for row in connection.execute(query.order_by(ChunkRow.id)):
        yield _record(collection, row)


def by_chunks(
    connection: Connection, collection: Collection, chunk_ids: Sequence[int], *, vectors: bool
) -> dict[int, Record]:
    """Return records by the ids of their chunks."""
    table = collection.vector_table if vectors else None
    compiled = _compiled(connection.dialect, table, is_own=collection.embedder == OWN_VECTORS)
    parameters = compiled.construct_params({"collection": collection.id, "chunks": list(chunk_ids)})
    rows = driver(connection).execute(compiled.string.encode(), parameters)
    return {row[0]: _record(collection, row) for row in rows}


def by_ids(
    connection: Connection, collection: Collection, ids: Sequence[str], *, vectors: bool
) -> dict[str, Record]:
    """Return records by their ids; those that are not there are left out."""
    among = _identity(is_own=collection.embedder == OWN_VECTORS) == any_(
        literal(list(ids), ARRAY(Text))
    )
    rows = connection.execute(_query(collection, vectors=vectors).where(among))
    return {row.identity: _record(collection, row) for row in rows}


def count(connection: Connection, collection: Collection, wanted: Filter) -> int:
    """Return how many records a filter lets through."""
    if wanted == EVERYTHING:
        return collection.chunk_count
    found = filters.chosen(collection, wanted).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def _identity(*, is_own: bool) -> ColumnElement[str]:
    """A document of one chunk is called as its pipeline called it; others have several chunks."""
    if is_own:
        return DocumentRow.source.expression
    return DocumentRow.source.concat("#").concat(cast(ChunkRow.ordinal, Text))


def _query(collection: Collection, *, vectors: bool) -> Select[tuple[Any, ...]]:
    table = collection.vector_table if vectors else None
    every = _every(table, is_own=collection.embedder == OWN_VECTORS)
    return every.params(collection=collection.id)


@lru_cache(KEPT_STATEMENTS)
def _compiled(dialect: Dialect, vector_table: str | None, *, is_own: bool) -> Compiled:
    among = ChunkRow.id == any_(bindparam("chunks", type_=ARRAY(BigInteger)))
    return _every(vector_table, is_own=is_own).where(among).compile(dialect=dialect)


def _every(vector_table: str | None, *, is_own: bool) -> Select[tuple[Any, ...]]:
    """Return the query for what `_record` reads, of every chunk of a collection."""
    chosen = (
        select(
            ChunkRow.id,
            _identity(is_own=is_own).label("identity"),
            ChunkRow.text,
            ChunkRow.heading,
            ChunkRow.page,
            DocumentRow.source,
            DocumentRow.title,
            DocumentRow.details,
        )
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(DocumentRow.collection_id == bindparam("collection"))
    )
    if vector_table is None:
        return chosen.add_columns(null())
    stored = table(vector_table, column("chunk_id"), column("embedding"), schema=SCHEMA)
    return chosen.add_columns(func.halfvec_send(stored.c.embedding)).outerjoin(
        stored, stored.c.chunk_id == ChunkRow.id
    )


def _record(collection: Collection, row: Sequence[Any]) -> Record:
    _, identity, text, heading, page, source, title, metadata, vector = row
    record = joined(identity, text, metadata, None if vector is None else received(vector))
    if collection.embedder == OWN_VECTORS:
        return record
    # Of a document that the platform read, its metadata tells the chunk's place.
    place = {"source": source, "title": title, "heading": heading, "page": page}
    return replace(record, metadata={**record.metadata, **place})
