"""Lexical search: BM25 over segments of postings in PostgreSQL.

The design is Lucene's: a load writes an immutable segment, a query reads all segments, small ones
are merged now and then. A segment has one row per term with the chunks it stands in, how often,
and their lengths, so that a query reads as many rows as it has terms. Chunks that went since are
skipped (`dead_chunks`), so every figure is that of the chunks that are there.

The postings come whole, 12 bytes each, and are scored here as arrays: for 66,000 of them SQL, which
takes them one by one, needed 60 ms.

BM25 as Robertson & Zaragoza (2009, "The Probabilistic Relevance Framework") give it, with
Lucene's idf, which is never negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.filtered import Passing
from neurocortex.lake.postings import received, unpack
from neurocortex.lake.scoring import K1, B, inverse_frequency

STORED: Final = """
SELECT postings.term, array_send(postings.packed)
FROM lake.segments JOIN lake.postings ON postings.segment_id = segments.id
WHERE segments.collection_id = %s AND postings.term = ANY(%s)
ORDER BY postings.term, segments.id
"""

DEAD: Final = """
SELECT array_send(array_agg(chunk_id)) FROM lake.dead_chunks WHERE collection_id = %s
"""


@dataclass(frozen=True, slots=True)
class Matches:
    """What the words of a question found."""

    scores: Mapping[int, float]
    """BM25 by chunk id, best first."""
    idf: Mapping[str, float]
    """Weight of each of its terms that the collection knows."""


@dataclass(frozen=True, slots=True)
class _Ranking:
    chunk_ids: NDArray[np.int64]
    """Ascending."""
    scores: NDArray[np.float64]

    def best(self, limit: int) -> NDArray[np.int64]:
        """Return where the `limit` best are, best first, ties by id."""
        places = np.arange(len(self.scores))
        if limit < len(places):
            least = np.partition(self.scores, -limit)[-limit]
            places = np.flatnonzero(self.scores >= least)
        order = np.argsort(-self.scores[places], kind="stable")
        return places[order][:limit]


def search(
    connection: Connection,
    collection: Collection,
    terms: Sequence[str],
    limit: int,
    among: Passing | None = None,
) -> Matches:
    """Return the `limit` chunks with the highest BM25 score for the terms, ties by id.

    Only those `among` the given count, where it is given; the weights stay the collection's.
    """
    postings = _alive(connection, collection, sorted(set(terms)))
    idf = {
        term: inverse_frequency(collection.chunk_count, len(found))
        for term, found in postings.items()
    }
    if not postings:
        return Matches({}, {})
    ranking = _ranked(postings, idf, collection.mean_length)
    if among is None:
        places = ranking.best(limit)
    else:
        ranked = ranking.chunk_ids[ranking.best(len(ranking.scores))]
        best = among.best(connection, ranked, limit)
        places = np.searchsorted(ranking.chunk_ids, np.asarray(best, np.int64))
    chunk_ids, scores = ranking.chunk_ids[places].tolist(), ranking.scores[places].tolist()
    return Matches(dict(zip(chunk_ids, scores, strict=True)), idf)


def _alive(
    connection: Connection, collection: Collection, terms: Sequence[str]
) -> Mapping[str, NDArray[np.int64]]:
    """Return the postings of each term that stands in chunks that are there."""
    stored: dict[str, list[NDArray[np.int64]]] = {}
    with driver(connection).cursor(binary=True) as cursor:
        for term, sent in cursor.execute(STORED, [collection.id, list(terms)]):
            stored.setdefault(term, []).append(received(sent))
        (gone,) = cursor.execute(DEAD, [collection.id]).fetchone() or (None,)
    dead = received(gone)
    found = {}
    for term, segments in stored.items():
        postings = np.concatenate(segments)
        if len(dead):
            postings = postings[~np.isin(unpack(postings)[0], dead)]
        if len(postings):
            found[term] = postings
    return found


def _ranked(
    postings: Mapping[str, NDArray[np.int64]], idf: Mapping[str, float], mean_length: float
) -> _Ranking:
    """Return every chunk that has one of the terms, with its score."""
    ids, gains = [], []
    for term, found in postings.items():
        chunk_ids, frequency, length = unpack(found)
        norm = K1 * (1 - B + B * length / mean_length)
        ids.append(chunk_ids)
        gains.append(idf[term] * frequency * (K1 + 1) / (frequency + norm))
    every = np.concatenate(ids)
    order = np.argsort(every, kind="stable")  # so quick because each segment is in order
    every = every[order]
    starts = np.flatnonzero(np.diff(every, prepend=-1))
    return _Ranking(every[starts], np.add.reduceat(np.concatenate(gains)[order], starts))
