"""Lexical search inside PostgreSQL: BM25 over segments of postings.

The design is Lucene's: a load writes an immutable segment, a query reads all segments, small ones
are merged now and then. A segment has one row per term with the chunks it stands in, how often,
and their lengths, so that a query reads as many rows as it has terms. Chunks that went since are
skipped (`dead_chunks`), so every figure is that of the chunks that are there.

BM25 as Robertson & Zaragoza (2009, "The Probabilistic Relevance Framework") give it, with
Lucene's idf, which is never negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Connection, Double, Select, column, select, text
from sqlalchemy.dialects.postgresql import JSONB

from neurocortex.lake.collections import Collection
from neurocortex.lake.postings import UNPACK

K1: Final = 0.9
B: Final = 0.4
"""Anserini's defaults; on COVID-QA they are level with 1.2/0.75 or better at every cut-off."""

SEARCH: Final = text(f"""
WITH dead AS MATERIALIZED (
    SELECT chunk_id FROM lake.dead_chunks WHERE collection_id = :collection
), stored AS MATERIALIZED (
    SELECT postings.term, postings.packed
    FROM lake.segments JOIN lake.postings ON postings.segment_id = segments.id
    WHERE segments.collection_id = :collection AND postings.term = ANY(:terms)
), spread AS (
    SELECT term, sum(cardinality(packed) - CASE WHEN EXISTS (SELECT FROM dead) THEN (
        SELECT count(*) FROM unnest(packed) AS posting, LATERAL (SELECT {UNPACK}) AS unpacked
        WHERE unpacked.chunk_id IN (SELECT chunk_id FROM dead)
    ) ELSE 0 END) AS chunks
    FROM stored GROUP BY term
), weights AS MATERIALIZED (
    SELECT term, ln(1 + (:chunks - chunks + 0.5::float8) / (chunks + 0.5::float8))::float8 AS idf
    FROM spread WHERE chunks > 0
), hits AS (
    SELECT weights.idf, unnest(stored.packed) AS posting FROM stored JOIN weights USING (term)
), unpacked AS (
    SELECT idf, {UNPACK} FROM hits
)
SELECT
    chunk_id,
    sum(idf * frequency * (:k1 + 1)
        / (frequency + :k1 * (1 - :b + :b * length / :mean_length))) AS score,
    (SELECT jsonb_object_agg(term, idf) FROM weights) AS idf
FROM unpacked
WHERE chunk_id NOT IN (SELECT chunk_id FROM dead)
GROUP BY chunk_id
ORDER BY score DESC, chunk_id
LIMIT :limit
""")  # noqa: S608 - constants of this package


@dataclass(frozen=True, slots=True)
class Matches:
    """What the words of a question found."""

    scores: Mapping[int, float]
    """BM25 by chunk id, best first."""
    idf: Mapping[str, float]
    """Weight of each of its terms that the collection knows."""


def search(
    connection: Connection,
    collection: Collection,
    terms: Sequence[str],
    limit: int,
    among: Select[tuple[int]] | None = None,
) -> Matches:
    """Return the `limit` chunks with the highest BM25 score for the terms, ties by id.

    Only those `among` the given count, where it is given; the weights stay the collection's.
    """
    if not terms:
        return Matches({}, {})
    statement = SEARCH if among is None else _within(among, limit)
    rows = connection.execute(
        statement,
        {
            "collection": collection.id,
            "terms": sorted(set(terms)),
            "chunks": collection.chunk_count,
            "mean_length": collection.mean_length,
            "k1": K1,
            "b": B,
            "limit": limit if among is None else None,
        },
    ).all()
    return Matches({found.chunk_id: found.score for found in rows}, rows[0].idf if rows else {})


def _within(
    among: Select[tuple[int]], limit: int
) -> Select[tuple[int, float, Mapping[str, float]]]:
    """Return the search that keeps what is among the given; its own limit is to be null."""
    found = SEARCH.columns(
        column("chunk_id", BigInteger), column("score", Double), column("idf", JSONB)
    ).subquery()
    return (
        select(found.c.chunk_id, found.c.score, found.c.idf)
        .where(found.c.chunk_id.in_(among))
        .order_by(found.c.score.desc(), found.c.chunk_id)
        .limit(limit)
    )
