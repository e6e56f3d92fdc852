"""Vector tables: one per collection and embedding model, searched by pgvector.

A large change builds a new table with its index beside the old one; the collection's row switches
to it in the same transaction. So readers are never blocked, and a failed load leaves no trace.

Vectors are stored in half precision (`halfvec`, 2 bytes a number): tables and graphs of half the
size, and recall differs by less than it does between two builds of one graph.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine

from neurocortex.domain.embedding import Vectors
from neurocortex.errors import LakeError
from neurocortex.lake import graph, walk
from neurocortex.lake.collections import Collection
from neurocortex.lake.copying import pieces, vector_rows
from neurocortex.lake.database import DriverConnection, driver
from neurocortex.lake.halfvec import Halfvec
from neurocortex.lake.tables import SCHEMA

logger = logging.getLogger(__name__)

MAX_DIMENSION: Final = 4_000
"""What pgvector indexes as `halfvec`."""

SWEEP_TIMEOUT_MS: Final = 200
"""A reader is gone by then, or the table stays until the next load."""

AIM: Final = """
SELECT
    set_config('hnsw.iterative_scan', %(goes_on)s, true),
    (SELECT set_config('hnsw.ef_search', %(candidates)s, true)
     FROM pg_class WHERE oid = to_regclass(%(index)s) AND reloptions @> %(density)s)
"""

LEFT_BEHIND: Final = """
WITH held AS (
    SELECT id, vector_table FROM lake.collections WHERE id = %(collection)s FOR UPDATE
)
SELECT tablename FROM pg_tables, held
WHERE schemaname = 'lake' AND tablename ~ ('^vectors_' || held.id || '_[0-9]+$')
AND tablename IS DISTINCT FROM held.vector_table
"""


def create(connection: DriverConnection, collection: Collection, dimension: int) -> str:
    """Create an empty table, without key and index; return its name.

    Raises:
        LakeError: pgvector cannot index so many dimensions.
    """
    if dimension > MAX_DIMENSION:
        raise LakeError(
            f"The model of {collection.name!r} gives vectors of {dimension} numbers;"
            f" pgvector indexes at most {MAX_DIMENSION}."
        )
    table = f"vectors_{collection.id}_{collection.version + 1}"
    _run(
        connection,
        "CREATE TABLE {table} (chunk_id bigint NOT NULL, embedding halfvec({dimension}) NOT NULL)",
        table,
        dimension=sql.Literal(dimension),
    )
    return table


def copy(
    connection: DriverConnection,
    table: str,
    chunk_ids: NDArray[np.int64],
    vectors: Vectors | NDArray[np.float16],
) -> None:
    """Add vectors to a table."""
    rows = vector_rows(chunk_ids, vectors)
    statement = _composed("COPY {table} (chunk_id, embedding) FROM STDIN (FORMAT BINARY)", table)
    with connection.cursor() as cursor, cursor.copy(statement) as writing:
        for piece in pieces([rows]):
            writing.write(piece)


def adopt(connection: DriverConnection, table: str, old: str) -> None:
    """Copy all vectors of the old table, on the server."""
    _run(
        connection,
        "INSERT INTO {table} SELECT chunk_id, embedding FROM {old}",
        table,
        old=sql.Identifier(SCHEMA, old),
    )


def delete(connection: DriverConnection, table: str, chunk_ids: Sequence[int]) -> None:
    """Delete the vectors of chunks."""
    statement = _composed("DELETE FROM {table} WHERE chunk_id = ANY(%s)", table)
    connection.execute(statement, [list(chunk_ids)])


def build_key(connection: DriverConnection, table: str) -> None:
    """Add the primary key, once the table is filled."""
    _run(connection, "ALTER TABLE {table} ADD PRIMARY KEY (chunk_id)", table)


def nearest(
    connection: DriverConnection, table: str, query: Vectors, limit: int
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest chunks, nearest first; `query` is (1, n)."""
    statement = _composed(
        "SELECT chunk_id, -(embedding <#> %(query)s::halfvec) FROM {table}"
        " ORDER BY embedding <#> %(query)s::halfvec LIMIT %(limit)s",
        table,
    )
    parameters = {"query": Halfvec(query), "limit": limit}
    if limit <= walk.EF_LEAST:
        aim(connection, table, limit, goes_on=False)
        found = _similarities(connection, statement, parameters)
        # It also meets vectors that were deleted, and not yet vacuumed away.
        if len(found) == limit:
            return found
    aim(connection, table, limit, goes_on=True)
    return _similarities(connection, statement, parameters)


def nearest_of(
    connection: DriverConnection, table: str, query: Vectors, limit: int, chunk_ids: Sequence[int]
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest of these chunks, all compared, nearest first."""
    statement = _composed(
        "SELECT chunk_id, -(embedding <#> %(query)s::halfvec) AS similarity FROM {table}"
        " WHERE chunk_id = ANY(%(chunks)s) ORDER BY similarity DESC, chunk_id LIMIT %(limit)s",
        table,
    )
    return _similarities(
        connection,
        statement,
        {"query": Halfvec(query), "chunks": list(chunk_ids), "limit": limit},
    )


def similarities(
    connection: DriverConnection, table: str, query: Vectors, chunk_ids: Sequence[int]
) -> Mapping[int, float]:
    """Return the cosine similarity of the given chunks; `query` is (1, n)."""
    return nearest_of(connection, table, query, len(chunk_ids), chunk_ids) if chunk_ids else {}


def aim(connection: DriverConnection, table: str, neighbours: int, *, goes_on: bool) -> None:
    """Set how far this transaction's walks through a graph go for so many neighbours.

    `goes_on`: past the candidates, until enough were met. What is met on the way must then be
    kept, so that a walk takes a third longer.
    """
    connection.execute(
        AIM,
        {
            "goes_on": walk.GOING_ON if goes_on else "off",
            "candidates": str(walk.candidates(neighbours)),
            "index": f"{SCHEMA}.{table}_hnsw",
            "density": [f"m={graph.DENSE.m}"],
        },
    )


def _similarities(
    connection: DriverConnection, statement: sql.Composed, parameters: Mapping[str, object]
) -> Mapping[int, float]:
    found = connection.execute(statement, parameters)
    return {int(chunk_id): float(similarity) for chunk_id, similarity in found}


def sweep(engine: Engine, collection_id: int) -> None:
    """Drop the tables a collection has left behind, unless a reader is still in one.

    In a transaction of its own after the switch: DROP waits for readers, and a load must not.
    The collection is held meanwhile, for the next load may already have switched once more.
    """
    with engine.begin() as sqlalchemy_connection:
        connection = driver(sqlalchemy_connection)
        connection.execute(f"SET LOCAL lock_timeout = '{SWEEP_TIMEOUT_MS}ms'")
        tables = connection.execute(LEFT_BEHIND, {"collection": collection_id}).fetchall()
        for (table,) in tables:
            try:
                with connection.transaction():
                    _run(connection, "DROP TABLE IF EXISTS {table}", table)
            except LockNotAvailable:
                logger.info("%s is still being read; the next load will drop it.", table)


def _run(
    connection: psycopg.Connection, statement: str, table: str, **parts: sql.Composable
) -> None:
    connection.execute(_composed(statement, table, **parts))


def _composed(statement: str, table: str, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(SCHEMA, table), **parts)
