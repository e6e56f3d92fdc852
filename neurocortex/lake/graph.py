"""The HNSW graph over a vector table: when there is one, how dense it is, how it is built.

HNSW: Malkov & Yashunin 2018, "Efficient and robust approximate nearest neighbor search using
Hierarchical Navigable Small World graphs", as pgvector has it.
"""

import logging
from dataclasses import dataclass
from typing import Final

from psycopg import sql
from psycopg.errors import DiskFull, OutOfMemory

from neurocortex.lake.collections import Collection
from neurocortex.lake.database import DriverConnection
from neurocortex.lake.tables import SCHEMA

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Graph:
    """How a graph is built."""

    m: int
    """Neighbours of a node; twice as many in the lowest layer."""
    ef_construction: int
    """Candidates looked at for each insertion."""


LIGHT: Final = Graph(m=10, ef_construction=24)
DENSE: Final = Graph(m=24, ef_construction=100)
"""For recall@10 of .98 on 100,000 vectors of 64 topics:

            processor time of the build  candidates  blocks read by a search
    16/64                             1         420                   10,600
    24/64                           1.7         190                    7,600
    20/100                          1.8         210                    7,200
    24/100                          2.3         160                    6,600
"""

READ_IN_WHOLE: Final = 5_800_000
"""Numbers that a search reads without a graph, in about 3 ms: exact, as fast as a walk past 400
candidates (2 to 2.5 ms), and nothing to build. They are 10,283 vectors of 384 dimensions, 6,118 of
768. Measured at 384: 5,000 vectors 1.8 ms against 2.0 by a graph, 10,000 3.1 against 2.4, 20,000
6.5 against 3.4."""

ROW_NUMBERS: Final = 180
"""What a row costs on top of its vector, in numbers read."""

DENSE_FROM: Final = 20_000
"""Vectors from which on the graph is dense.

A load waits for its graph, and a light one takes a seventh of the processor time; a thorough search
makes up for it while the collection is small. Recall@10 / @50, light with 400 candidates, dense
with 165 / 245:

                                  light        dense        pgvector's default (16/64, 40)
     5,000 vectors of 64 topics   .998 / .995               .969 / .800
    12,256 LSA, COVID-QA          .993 / .986               .993 / .802
    20,000 of 64 topics           .978 / .957  .998 / .997
    50,000 of 64 topics           .929 / .864  .992 / .988  .769 / .617
   100,000 of 64 topics                        .980 / .965
"""

REBUILD_SHARE: Final = 0.2
"""New vectors, as a share of the old, from which on a new table with its graph is cheaper.

Inserting into a graph costs 2 to 5 ms a vector, building one anew 0.15 to 0.8 ms.
"""

BUILD_WORKERS: Final = 2
BYTES_OF_NODE: Final = 500
BYTES_OF_NEIGHBOUR: Final = 32
"""What a node of the graph takes in memory on top of its vector, generously: pgvector goes on
on disk where memory ends, many times as slow."""
MIN_BUILD_MB: Final = 64
MAX_BUILD_MB: Final = 1024


def suited(rows: int, dimension: int) -> Graph | None:
    """Return the graph for so many vectors; None where there should be none."""
    if rows * (dimension + ROW_NUMBERS) <= READ_IN_WHOLE:
        return None
    return LIGHT if rows < DENSE_FROM else DENSE


def is_built_anew(present: int, added: int, dimension: int) -> bool:
    """Say whether `added` vectors beside `present` ones are worth a new table with its graph.

    They are where they are many, and where the collection outgrows a light graph.
    """
    grown = present + added
    outgrown = present < DENSE_FROM <= grown
    anew = outgrown or added > REBUILD_SHARE * present
    return anew and suited(grown, dimension) is not None


def build(connection: DriverConnection, collection: Collection) -> None:
    """Build the graph where there are enough rows, in memory and in parallel if it can be.

    Readers of a table in use are not blocked, only its writers. Does nothing where it exists.
    """
    rows, table, dimension = collection.chunk_count, collection.vector_table, collection.dimension
    if table is None or dimension is None:
        return
    graph = suited(rows, dimension)
    if graph is None:
        return
    node = 2 * dimension + BYTES_OF_NODE + BYTES_OF_NEIGHBOUR * graph.m
    needed = rows * node // 2**20 + 1
    memory = min(max(needed, MIN_BUILD_MB), MAX_BUILD_MB)
    try:
        with connection.transaction():
            _build(connection, table, graph, memory, workers=BUILD_WORKERS)
    except (DiskFull, OutOfMemory) as error:
        # A container's /dev/shm is often too small for what parallel workers share.
        logger.warning("The index of %s is built by one process, because %s", table, error)
        _build(connection, table, graph, MIN_BUILD_MB, workers=0)


def _build(
    connection: DriverConnection, table: str, graph: Graph, memory_mb: int, workers: int
) -> None:
    connection.execute(f"SET LOCAL maintenance_work_mem = '{memory_mb}MB'")
    connection.execute(f"SET LOCAL max_parallel_maintenance_workers = {workers}")
    connection.execute("SET LOCAL min_parallel_table_scan_size = 0")  # our tables are narrow
    connection.execute(
        sql.SQL(
            "CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw (embedding halfvec_ip_ops)"
            " WITH (m = {m}, ef_construction = {ef_construction})"
        ).format(
            index=sql.Identifier(f"{table}_hnsw"),
            table=sql.Identifier(SCHEMA, table),
            m=sql.Literal(graph.m),
            ef_construction=sql.Literal(graph.ef_construction),
        )
    )
