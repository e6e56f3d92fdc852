"""Lexical search inside PostgreSQL: BM25 over segments of postings.

The design is Lucene's: a load writes an immutable segment, a query reads all segments, small ones
are merged now and then. A segment has one row per term with the chunks it stands in, how often,
and their lengths, so that a query reads as many rows as it has terms. Chunks that went since are
skipped (`dead_chunks`), so every figure is that of the chunks that are there.

BM25 as Robertson & Zaragoza (2009, "The Probabilistic Relevance Framework") give it, with
Lucene's idf, which is never negative.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection, text

from neurocortex.lake.collections import Collection
from neurocortex.lake.copying import INT4_OID, INT8_OID, ArrayColumn, bigint, pieces, row
from neurocortex.lake.copying import text as text_field
from neurocortex.lake.database import driver

K1: Final = 0.9
B: Final = 0.4
"""Anserini's defaults; on COVID-QA they are level with 1.2/0.75 or better at every cut-off."""

MAX_SEGMENT_CHUNKS: Final = 20_000
"""A load writes a segment when it holds so many chunks: bounds its memory at about 100 MB."""

SEARCH: Final = text("""
WITH hits AS MATERIALIZED (
    SELECT postings.term, hit.chunk_id, hit.frequency, hit.length
    FROM lake.segments
    JOIN lake.postings ON postings.segment_id = segments.id
    CROSS JOIN LATERAL unnest(postings.chunk_ids, postings.frequencies, postings.lengths)
        AS hit (chunk_id, frequency, length)
    WHERE segments.collection_id = :collection AND postings.term = ANY(:terms)
    AND NOT EXISTS (
        SELECT FROM lake.dead_chunks AS dead
        WHERE dead.collection_id = :collection AND dead.chunk_id = hit.chunk_id)
), weights AS MATERIALIZED (
    SELECT term, ln(1 + (:chunks - count(*) + 0.5::float8) / (count(*) + 0.5::float8)) AS idf
    FROM hits GROUP BY term
)
SELECT
    hits.chunk_id,
    sum(weights.idf * hits.frequency * (:k1 + 1)
        / (hits.frequency + :k1 * (1 - :b + :b * hits.length / :mean_length))) AS score,
    (SELECT jsonb_object_agg(term, idf) FROM weights) AS idf
FROM hits JOIN weights USING (term)
GROUP BY hits.chunk_id
ORDER BY score DESC, hits.chunk_id
LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Matches:
    """What the words of a question found."""

    scores: Mapping[int, float]
    """BM25 by chunk id, best first."""
    idf: Mapping[str, float]
    """Weight of each of its terms that the collection knows."""


def search(
    connection: Connection, collection: Collection, terms: Sequence[str], limit: int
) -> Matches:
    """Return the `limit` chunks with the highest BM25 score for the terms, ties by id."""
    if not terms:
        return Matches({}, {})
    rows = connection.execute(
        SEARCH,
        {
            "collection": collection.id,
            "terms": sorted(set(terms)),
            "chunks": collection.chunk_count,
            "mean_length": collection.mean_length,
            "k1": K1,
            "b": B,
            "limit": limit,
        },
    ).all()
    return Matches({found.chunk_id: found.score for found in rows}, rows[0].idf if rows else {})


class SegmentBuilder:
    """Collects the terms of chunks, and writes them as a segment."""

    def __init__(self) -> None:
        """Start empty."""
        self._terms: dict[str, int] = {}
        self._of_term = array("i")
        self._chunk = array("q")
        self._frequency = array("i")
        self._length = array("i")
        self._chunks = 0

    @property
    def full(self) -> bool:
        """Whether it holds as much as a segment should."""
        return self._chunks >= MAX_SEGMENT_CHUNKS

    def add(self, chunk_id: int, terms: Sequence[str]) -> None:
        """Add a chunk under its id."""
        counts = Counter(terms)
        known = self._terms
        self._of_term.extend([known.setdefault(term, len(known)) for term in counts])
        self._chunk.extend([chunk_id] * len(counts))
        self._frequency.extend(counts.values())
        self._length.extend([len(terms)] * len(counts))
        self._chunks += 1

    def write(self, connection: Connection, collection: Collection) -> None:
        """Write what was added as a new segment; the builder has then done its work."""
        if not self._chunks:
            return
        segment = connection.execute(
            text(
                "INSERT INTO lake.segments (collection_id, chunk_count)"
                " VALUES (:collection, :chunks) RETURNING id"
            ),
            {"collection": collection.id, "chunks": self._chunks},
        ).scalar_one()
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(
                "COPY lake.postings (segment_id, term, chunk_ids, frequencies, lengths)"
                " FROM STDIN (FORMAT BINARY)"
            ) as copy,
        ):
            for piece in pieces(self._rows(segment)):
                copy.write(piece)

    def _rows(self, segment: int) -> Iterator[bytes]:
        """Yield a row per term, its postings in the order of the chunk ids."""
        of_term = np.asarray(self._of_term, np.int32)
        chunk = np.asarray(self._chunk, np.int64)
        order = np.lexsort((chunk, of_term))
        chunks = ArrayColumn(chunk[order], INT8_OID)
        frequencies = ArrayColumn(np.asarray(self._frequency, np.int32)[order], INT4_OID)
        lengths = ArrayColumn(np.asarray(self._length, np.int32)[order], INT4_OID)
        ends = np.cumsum(np.bincount(of_term, minlength=len(self._terms))).tolist()
        segment_field = bigint(segment)
        start = 0
        for term, end in zip(self._terms, ends, strict=True):
            yield row(
                (
                    segment_field,
                    text_field(term),
                    chunks.field(start, end),
                    frequencies.field(start, end),
                    lengths.field(start, end),
                )
            )
            start = end
