"""The nearest vectors among the chunks that a filter lets through.

Few of them are all compared, which is exact. Of many, the graph is walked on until enough were
met (pgvector's iterative scan): a filter behind a plain walk would lose most of what it found.
"""

from collections.abc import Mapping
from typing import Final

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Select,
    any_,
    column,
    exists,
    literal,
    select,
    table,
)

from neurocortex.domain.embedding import Vectors
from neurocortex.lake.tables import SCHEMA, ChunkRow

EXACT_UP_TO: Final = 2_000
"""Chunks that are all compared: some milliseconds, about as long as the walk takes."""


def nearest(
    connection: Connection, name: str, query: Vectors, limit: int, chosen: Select[tuple[int]]
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest of the chosen chunks, nearest first.

    Args:
        connection: in the transaction that found the table.
        name: the collection's vector table.
        query: (1, dimension).
        limit: of so many at most.
        chosen: the ids of the chunks that count.
    """
    vectors = table(
        name, column("chunk_id", BigInteger), column("embedding", HALFVEC), schema=SCHEMA
    )
    distance = vectors.c.embedding.max_inner_product(query[0])
    found = select(vectors.c.chunk_id, (-distance).label("similarity")).limit(limit)
    few = connection.scalars(chosen.limit(EXACT_UP_TO + 1)).all()
    if len(few) <= EXACT_UP_TO:
        # The sum is no expression of the index, which would walk past most of the few.
        among = any_(literal(few, ARRAY(BigInteger)))
        found = found.where(vectors.c.chunk_id == among).order_by(distance + 0)
    else:
        # The offset keeps the planner from joining: it would read all of the many, and sort them.
        passes = exists(chosen.where(ChunkRow.id == vectors.c.chunk_id).offset(0))
        found = found.where(passes).order_by(distance)
    return {row.chunk_id: row.similarity for row in connection.execute(found)}
