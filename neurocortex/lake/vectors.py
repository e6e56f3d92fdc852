"""Vector tables: one per collection and embedding model, searched by pgvector.

A large change builds a new table with its index beside the old one; the collection's row switches
to it in the same transaction. So readers are never blocked, and a failed load leaves no trace.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.errors import DiskFull, LockNotAvailable, OutOfMemory
from sqlalchemy import Engine

from neurocortex.domain.embedding import Vectors
from neurocortex.errors import LakeError
from neurocortex.lake.collections import Collection
from neurocortex.lake.copying import pieces, vector_rows
from neurocortex.lake.database import DriverConnection, driver
from neurocortex.lake.tables import SCHEMA

logger = logging.getLogger(__name__)

INDEX_FROM: Final = 5_000
"""Vectors from which on there is an HNSW index: below, reading all is exact and no slower."""

REBUILD_SHARE: Final = 0.2
"""New vectors, as a share of the old, from which on a new table with its index is cheaper.

Inserting into an HNSW index costs 1.5 to 3 ms a vector, building one anew 0.25 to 0.35 ms.
"""

MAX_VECTOR_DIMENSION: Final = 2_000
MAX_DIMENSION: Final = 4_000
"""What pgvector indexes as `vector` (4 bytes a number), and as `halfvec` (2 bytes)."""

M: Final = 12
EF_CONSTRUCTION: Final = 32
EF_SEARCH: Final = 200
"""Neighbours per node, candidates per insertion, candidates per search.

Cheap to build, thorough to search: a load waits for the index, while a search of 2 ms is a small
part of a question. Beside pgvector's 16/64/40 the index is built in 0.4 to 0.5 of the time and
finds more: recall@10 and @50 of .991 and .978 against .978 and .784 on 17,634 LSA vectors of
COVID-QA, .996 and .990 against .993 and .800 on 5,000 vectors of 64 topics.
"""

MAX_EF_SEARCH: Final = 1_000
"""What pgvector allows."""

SWEEP_TIMEOUT_MS: Final = 200
"""A reader is gone by then, or the table stays until the next load."""

LEFT_BEHIND: Final = """
WITH held AS (
    SELECT id, vector_table FROM lake.collections WHERE id = %(collection)s FOR UPDATE
)
SELECT tablename FROM pg_tables, held
WHERE schemaname = 'lake' AND tablename ~ ('^vectors_' || held.id || '_[0-9]+$')
AND tablename IS DISTINCT FROM held.vector_table
"""

BUILD_WORKERS: Final = 2
BYTES_BESIDE_VECTOR: Final = 700
"""What a node of the graph takes in memory on top of its vector, generously."""
MIN_BUILD_MB: Final = 64
MAX_BUILD_MB: Final = 1024


def is_indexed_anew(present: int, added: int) -> bool:
    """Say whether `added` vectors beside `present` ones are worth a new table."""
    return present + added >= INDEX_FROM and added > REBUILD_SHARE * present


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
        "CREATE TABLE {table} (chunk_id bigint NOT NULL, embedding {type}({dimension}) NOT NULL)",
        table,
        type=_type(dimension),
        dimension=sql.Literal(dimension),
    )
    return table


def copy(
    connection: DriverConnection, table: str, chunk_ids: NDArray[np.int64], vectors: Vectors
) -> None:
    """Add vectors to a table."""
    rows = vector_rows(chunk_ids, vectors, half=vectors.shape[1] > MAX_VECTOR_DIMENSION)
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


def build_index(connection: DriverConnection, collection: Collection) -> None:
    """Build the HNSW index where there are enough rows, in memory and in parallel if it can be.

    Readers of a table in use are not blocked, only its writers. Does nothing where it exists.
    """
    rows, table, dimension = collection.chunk_count, collection.vector_table, collection.dimension
    if rows < INDEX_FROM or table is None or dimension is None:
        return
    needed = rows * (4 * dimension + BYTES_BESIDE_VECTOR) // 2**20 + 1
    memory = min(max(needed, MIN_BUILD_MB), MAX_BUILD_MB)
    try:
        with connection.transaction():
            _build_index(connection, table, dimension, memory, workers=BUILD_WORKERS)
    except (DiskFull, OutOfMemory) as error:
        # A container's /dev/shm is often too small for what parallel workers share.
        logger.warning("The index of %s is built by one process, because %s", table, error)
        _build_index(connection, table, dimension, MIN_BUILD_MB, workers=0)


def nearest(
    connection: DriverConnection, table: str, query: Vectors, limit: int
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest chunks, nearest first; `query` is (1, n)."""
    connection.execute(f"SET LOCAL hnsw.ef_search = {min(max(EF_SEARCH, limit), MAX_EF_SEARCH)}")
    statement = _composed(
        "SELECT chunk_id, -(embedding <#> %(query)s::{type}) AS similarity FROM {table}"
        " ORDER BY embedding <#> %(query)s::{type} LIMIT %(limit)s",
        table,
        type=_type(query.shape[1]),
    )
    found = connection.execute(statement, {"query": as_text(query), "limit": limit})
    return {int(chunk_id): float(similarity) for chunk_id, similarity in found}


def similarities(
    connection: DriverConnection, table: str, query: Vectors, chunk_ids: Iterable[int]
) -> Mapping[int, float]:
    """Return the cosine similarity of the given chunks; `query` is (1, n)."""
    statement = _composed(
        "SELECT chunk_id, -(embedding <#> %(query)s::{type}) FROM {table}"
        " WHERE chunk_id = ANY(%(chunks)s)",
        table,
        type=_type(query.shape[1]),
    )
    found = connection.execute(statement, {"query": as_text(query), "chunks": list(chunk_ids)})
    return {int(chunk_id): float(similarity) for chunk_id, similarity in found}


def as_text(query: Vectors) -> str:
    """Return a (1, n) vector as pgvector reads it."""
    return "[" + ",".join(map(repr, query[0].tolist())) + "]"


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


def _build_index(
    connection: DriverConnection,
    table: str,
    dimension: int,
    memory_mb: int,
    workers: int,
) -> None:
    connection.execute(f"SET LOCAL maintenance_work_mem = '{memory_mb}MB'")
    connection.execute(f"SET LOCAL max_parallel_maintenance_workers = {workers}")
    connection.execute("SET LOCAL min_parallel_table_scan_size = 0")  # our tables are narrow
    _run(
        connection,
        "CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw (embedding {operators})"
        " WITH (m = {m}, ef_construction = {ef})",
        table,
        index=sql.Identifier(f"{table}_hnsw"),
        operators=_type(dimension) + sql.SQL("_ip_ops"),
        m=sql.Literal(M),
        ef=sql.Literal(EF_CONSTRUCTION),
    )


def _type(dimension: int) -> sql.SQL:
    return sql.SQL("vector") if dimension <= MAX_VECTOR_DIMENSION else sql.SQL("halfvec")


def _run(
    connection: psycopg.Connection, statement: str, table: str, **parts: sql.Composable
) -> None:
    connection.execute(_composed(statement, table, **parts))


def _composed(statement: str, table: str, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(SCHEMA, table), **parts)
