"""How many of the truly nearest vectors an HNSW index finds."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from neurocortex.domain.embedding import Vectors

PROBES: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """How good and how fast a search by vector is."""

    recall: float
    """Share of the truly nearest that are found."""
    median_ms: float
    """Of the query in PostgreSQL, from sending it to its rows."""


def between(vectors: Vectors) -> Sequence[str]:
    """Return probes half way between two vectors, as a question lies between its documents."""
    step = max(1, len(vectors) // PROBES)
    middle = vectors[::step] + np.roll(vectors, 1, axis=0)[::step]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    return [HalfVector(probe).to_text() for probe in middle]


def measure(
    connection: psycopg.Connection,
    nearest: sql.Composed,
    probes: Sequence[str],
    *,
    must_use_index: bool,
) -> Found:
    """Compare what `nearest` gives with what it gives without an index.

    Args:
        connection: with the settings that a search of the store has.
        nearest: a query with a placeholder for the probe.
        probes: vectors as pgvector reads them.
        must_use_index: whether it is a mistake if the index is not used.
    """
    plan = connection.execute(sql.SQL("EXPLAIN ") + nearest, [probes[0]]).fetchall()
    if must_use_index and not any("hnsw" in str(line) for (line,) in plan):
        raise SystemExit(f"The result is wrong: the vector index is not used: {plan}.")
    shares, times = [], []
    for probe in probes:
        started = time.perf_counter()
        found = _rows(connection, nearest, probe)
        times.append(time.perf_counter() - started)
        connection.execute("SET enable_indexscan = off")
        exact = _rows(connection, nearest, probe)
        connection.execute("SET enable_indexscan = on")
        shares.append(len(found & exact) / len(exact))
    return Found(float(np.mean(shares)), 1000 * statistics.median(times))


def _rows(
    connection: psycopg.Connection, nearest: sql.Composed, probe: str
) -> set[tuple[object, ...]]:
    # Not prepared: a prepared statement keeps its plan, and `enable_indexscan` would do nothing.
    return set(connection.execute(nearest, [probe], prepare=False).fetchall())
