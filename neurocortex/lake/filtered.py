"""The chunks that a filter lets through, and the nearest vectors among them.

Few of them are all compared, which is exact. Where many pass, the nearest of all chunks are found
and then filtered: hardly longer than a search without a filter. In between the graph is walked on
until enough were met (pgvector's iterative scan). Which of the three it is, a sample decides:
PostgreSQL's own estimate knows nothing of numbers inside JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Select,
    TableClause,
    any_,
    column,
    exists,
    func,
    literal,
    select,
    table,
    tablesample,
)

from neurocortex.domain.embedding import Vectors
from neurocortex.domain.filters import Filter
from neurocortex.lake import filters, vectors
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.tables import SCHEMA, ChunkRow

EXACT_UP_TO: Final = 2_000
"""Chunks that are all compared: some milliseconds, about as long as the walk takes."""

SAMPLE: Final = 64
"""Chunks looked at to learn what share of all passes, about 1 ms."""

MANY: Final = 0.15
"""Share from which on the nearest of all chunks are filtered: a walk for that many more of them
takes no longer than one that filters on its way, and finds more."""

MARGIN: Final = 1.5
"""So many more are filtered than should be enough: those near the question may pass less often."""

GROWTH: Final = 4
"""How much larger each next piece of a ranking is that is filtered."""


@dataclass(frozen=True, slots=True)
class Passing:
    """The chunks of a collection that a filter lets through, as of one transaction."""

    query: Select[tuple[int]]
    """For their ids."""
    few: Sequence[int] | None
    """All of them, where they are few."""
    share: float
    """How many of the collection's chunks pass, by a sample; 0 where none was taken."""

    def best(self, connection: Connection, ranked: NDArray[np.int64], limit: int) -> list[int]:
        """Return the first `limit` of the ranked chunks that pass, in their order."""
        if self.few is not None:
            passing: list[int] = ranked[np.isin(ranked, self.few)][:limit].tolist()
            return passing
        found: list[int] = []
        start, size = 0, self.enough(limit)
        while len(found) < limit and start < len(ranked):
            piece = ranked[start : start + size].tolist()
            among = ChunkRow.id == any_(literal(piece, ARRAY(BigInteger)))
            passed = set(connection.scalars(self.query.where(among)))
            found += [chunk for chunk in piece if chunk in passed]
            start, size = start + size, size * GROWTH
        return found[:limit]

    def enough(self, limit: int) -> int:
        """Return of how many chunks `limit` should pass."""
        return ceil(MARGIN * limit / max(self.share, MANY))


def passing(connection: Connection, collection: Collection, wanted: Filter) -> Passing:
    """Return the chunks of a collection that a filter lets through."""
    query = filters.chosen(collection, wanted)
    share = _share(connection, collection, query)
    if share < MANY:
        few = connection.scalars(query.limit(EXACT_UP_TO + 1)).all()
        if len(few) <= EXACT_UP_TO:
            return Passing(query, few, share)
    return Passing(query, None, share)


def nearest(
    connection: Connection, name: str, query: Vectors, limit: int, among: Passing
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest of the chunks that pass, nearest first.

    Args:
        connection: in the transaction that found the table.
        name: the collection's vector table.
        query: (1, dimension).
        limit: of so many at most.
        among: the chunks that count.
    """
    if among.few is not None:
        return vectors.nearest_of(driver(connection), name, query, limit, among.few)
    if among.share >= MANY:
        found = vectors.nearest(driver(connection), name, query, among.enough(limit))
        best = among.best(connection, np.fromiter(found, np.int64), limit)
        if len(best) == limit:
            return {chunk: found[chunk] for chunk in best}
    return _met(connection, name, query, limit, among)


def _met(
    connection: Connection, name: str, query: Vectors, limit: int, among: Passing
) -> Mapping[int, float]:
    """Return the nearest that a walk meets and that pass."""
    vectors.aim(driver(connection), name, among.enough(limit), goes_on=True)
    stored = _stored(name)
    distance = stored.c.embedding.max_inner_product(query[0])
    # The offset keeps the planner from joining: it would read all of the many, and sort them.
    passes = exists(among.query.where(ChunkRow.id == stored.c.chunk_id).offset(0))
    found = select(stored.c.chunk_id, (-distance).label("similarity")).where(passes)
    rows = connection.execute(found.order_by(distance).limit(limit))
    return {row.chunk_id: row.similarity for row in rows}


def _share(connection: Connection, collection: Collection, query: Select[tuple[int]]) -> float:
    """Return what share of the chunks with vectors pass; 0 where there are few or none to ask."""
    if collection.vector_table is None or collection.chunk_count <= EXACT_UP_TO:
        return 0.0
    percent = 100 * SAMPLE / collection.chunk_count
    # Whole blocks of the table, the same for the same table: equal searches find the same.
    drawn = tablesample(_stored(collection.vector_table), func.system(percent), seed=literal(0))
    passes = exists(query.where(ChunkRow.id == drawn.c.chunk_id).offset(0))
    counts = select(func.count().filter(passes), func.count()).select_from(drawn)
    passed, looked_at = connection.execute(counts).one()
    return passed / looked_at if looked_at else 0.0


def _stored(name: str) -> TableClause:
    return table(name, column("chunk_id", BigInteger), column("embedding", HALFVEC), schema=SCHEMA)
