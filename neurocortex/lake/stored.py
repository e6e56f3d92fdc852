"""Reading chunks of a collection as records, and counting them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from pydantic import JsonValue
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    null,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import REAL

from neurocortex.domain.embedding import OWN_VECTORS
from neurocortex.domain.filters import EVERYTHING, Filter
from neurocortex.lake import filters
from neurocortex.lake.collections import Collection
from neurocortex.lake.records import Record, joined
from neurocortex.lake.tables import SCHEMA, ChunkRow, DocumentRow

PLACE: Final = ("source", "title", "heading", "page")
"""What is told of chunks of documents that the platform read, in their metadata."""


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
    among = ChunkRow.id == any_(literal(list(chunk_ids), ARRAY(BigInteger)))
    rows = connection.execute(_query(collection, vectors=vectors).where(among))
    return {row.id: _record(collection, row) for row in rows}


def by_ids(
    connection: Connection, collection: Collection, ids: Sequence[str], *, vectors: bool
) -> dict[str, Record]:
    """Return records by their ids; those that are not there are left out."""
    among = _identity(collection) == any_(literal(list(ids), ARRAY(Text)))
    rows = connection.execute(_query(collection, vectors=vectors).where(among))
    return {row.identity: _record(collection, row) for row in rows}


def count(connection: Connection, collection: Collection, wanted: Filter) -> int:
    """Return how many records a filter lets through."""
    if wanted == EVERYTHING:
        return collection.chunk_count
    found = filters.chosen(collection, wanted).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def _identity(collection: Collection) -> ColumnElement[str]:
    """A document of one chunk is called as its pipeline called it; others have several chunks."""
    if collection.embedder == OWN_VECTORS:
        return DocumentRow.source.expression
    return DocumentRow.source.concat("#").concat(cast(ChunkRow.ordinal, Text))


def _query(collection: Collection, *, vectors: bool) -> Select[tuple[Any, ...]]:
    chosen = (
        select(
            ChunkRow.id,
            _identity(collection).label("identity"),
            ChunkRow.text,
            ChunkRow.heading,
            ChunkRow.page,
            DocumentRow.source,
            DocumentRow.title,
            DocumentRow.details.label("details"),
        )
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(DocumentRow.collection_id == collection.id)
    )
    if not vectors or collection.vector_table is None:
        return chosen.add_columns(null().label("vector"))
    stored = table(collection.vector_table, column("chunk_id"), column("embedding"), schema=SCHEMA)
    return chosen.add_columns(cast(stored.c.embedding, ARRAY(REAL)).label("vector")).outerjoin(
        stored, stored.c.chunk_id == ChunkRow.id
    )


def _record(collection: Collection, row: Row[tuple[Any, ...]]) -> Record:
    vector = None if row.vector is None else np.asarray(row.vector, np.float32)
    record = joined(row.identity, row.text, row.details, vector)
    if collection.embedder == OWN_VECTORS:
        return record
    place: dict[str, JsonValue] = {name: getattr(row, name) for name in PLACE}
    return replace(record, metadata={**record.metadata, **place})
