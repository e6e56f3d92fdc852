"""Search: candidates by words and by vectors, scored together.

Fused by a convex combination of normalised scores (Bruch et al. 2023, "An analysis of fusion
functions for hybrid retrieval"). Reciprocal rank fusion was measured beside it on COVID-QA with
the LSA model: hit@5 .738 against .791, because it lets the weaker ranking weigh as much.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import Row

from neurocortex.domain.answers import Passage
from neurocortex.domain.embedding import Embedder, Restore, Vectors, embedded_text
from neurocortex.domain.filters import Filter
from neurocortex.lake import collections, filtered, lexical, models, scoring, vectors
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.filtered import Passing, passing
from neurocortex.lake.models import ModelCache
from neurocortex.text.tokens import tokens

T = TypeVar("T")

CANDIDATES: Final = 50
"""Chunks taken from each of the two rankings; 100 and 200 give the same hits."""

CANDIDATES_PER_RESULT: Final = 3
"""Where many results are asked for: room for duplicates, and for the order to change."""

ATTEMPTS: Final = 3
"""A load may drop a vector table between our reading its name and reading it: read again."""

FETCH: Final = text("""
SELECT
    chunks.id, chunks.document_id, chunks.text, chunks.start, chunks."end", chunks.heading,
    chunks.page, documents.source, documents.title
FROM lake.chunks JOIN lake.documents ON documents.id = chunks.document_id
WHERE chunks.id = ANY(:chunks)
""")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for."""

    text: str
    k: int
    """Passages wanted."""
    wanted: Filter | None = None
    """What their documents must be like; None: anything."""
    vector: Vectors | None = None
    """(1, dimension), of length 1, in place of what the collection's model makes of the text."""
    share: float | None = None
    """How much of the score is similarity, 0 to 1; None: as the model has it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found."""

    chunk_id: int
    score: float
    lexical_rank: int | None
    dense_rank: int | None


@dataclass(frozen=True, slots=True)
class _Similar:
    """What the vectors found."""

    nearest: Sequence[int]
    """Chunk ids, nearest first."""
    similarities: Mapping[int, float]
    """Cosine similarity of every candidate."""
    share: float


def search(
    engine: Engine, name: str, asked: Question, restore: Restore, cache: ModelCache
) -> tuple[Passage, ...]:
    """Return the best passages of a collection, best first, as of one moment."""

    def found(connection: Connection, collection: Collection) -> tuple[Passage, ...]:
        model = models.load(connection, collection, restore, cache)
        hits, rows = _search(connection, collection, model, asked)
        return tuple(_passage(hit, rows[hit.chunk_id]) for hit in hits)

    return at_one_moment(engine, name, found)


def rank(
    connection: Connection, collection: Collection, model: Embedder | None, asked: Question
) -> Sequence[Hit]:
    """Return the chunks that `search` finds, best first."""
    return _search(connection, collection, model, asked)[0]


def at_one_moment(engine: Engine, name: str, read: Callable[[Connection, Collection], T]) -> T:
    """Return what `read` gets out of a collection, all of it as of one moment."""
    for _ in range(ATTEMPTS - 1):
        with suppress(UndefinedTable):
            return _read_once(engine, name, read)
    return _read_once(engine, name, read)


def fuse(
    lexical_scores: Mapping[int, float], similarities: Mapping[int, float], share: float
) -> Mapping[int, float]:
    """Return one score in 0 to 1 per candidate: `share` of it similarity, the rest lexical.

    Lexical scores are divided by the best, similarities stretched from the least to the best:
    0 means the same in every lexical score, but a cosine has no natural zero.
    """
    best = max(lexical_scores.values(), default=0.0)
    least = min(similarities.values(), default=0.0)
    span = max(similarities.values(), default=0.0) - least
    if best <= 0:
        share = 1.0
    fused = {}
    for chunk, score in lexical_scores.items():
        words = score / best if best > 0 else 0.0
        likeness = (similarities.get(chunk, least) - least) / span if span > 0 else 1.0
        fused[chunk] = (1 - share) * words + share * likeness
    return fused


def _read_once(engine: Engine, name: str, read: Callable[[Connection, Collection], T]) -> T:
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        return read(connection, collections.find(connection, name))


def _search(
    connection: Connection, collection: Collection, model: Embedder | None, asked: Question
) -> tuple[Sequence[Hit], Mapping[int, Row[tuple[object, ...]]]]:
    limit = max(CANDIDATES, CANDIDATES_PER_RESULT * asked.k)
    among = None if asked.wanted is None else passing(connection, collection, asked.wanted)
    words = tokens(asked.text)
    matches = lexical.search(connection, collection, words, limit, among)
    similar = _similar(connection, collection, model, asked, limit, matches.scores, among)
    rows = {
        row.id: row
        for row in connection.execute(FETCH, {"chunks": [*matches.scores, *similar.nearest]})
    }
    terms = {
        chunk: tokens(embedded_text(row.title, row.heading, row.text))
        for chunk, row in rows.items()
    }
    statistics = scoring.Statistics(
        collection.chunk_count, collection.mean_length, matches.idf, scoring.phrases_of(words)
    )
    scores = fuse(scoring.lexical_scores(terms, statistics), similar.similarities, similar.share)
    lexical_rank = {chunk: rank for rank, chunk in enumerate(matches.scores, start=1)}
    dense_rank = {chunk: rank for rank, chunk in enumerate(similar.nearest, start=1)}
    best = sorted(scores, key=lambda chunk: (-scores[chunk], chunk))
    hits = tuple(
        Hit(chunk, scores[chunk], lexical_rank.get(chunk), dense_rank.get(chunk))
        for chunk in _distinct(best, rows)[: asked.k]
    )
    return hits, rows


def _passage(hit: Hit, row: Row[tuple[object, ...]]) -> Passage:
    return Passage(
        document_id=row.document_id,
        source=row.source,
        title=row.title,
        heading=row.heading,
        page=row.page,
        text=row.text,
        start=row.start,
        end=row.end,
        score=hit.score,
        lexical_rank=hit.lexical_rank,
        dense_rank=hit.dense_rank,
    )


def _similar(
    connection: Connection,
    collection: Collection,
    model: Embedder | None,
    asked: Question,
    limit: int,
    others: Iterable[int],
    among: Passing | None,
) -> _Similar:
    """Search by vector; nothing where the collection has none, or the model knows no word."""
    if model is None or collection.vector_table is None:
        return _Similar((), {}, 0.0)
    vector = model.embed_query(asked.text) if asked.vector is None else asked.vector
    if not vector.any():
        return _Similar((), {}, 0.0)
    found = nearest(connection, collection, vector, limit, among)
    positive = {chunk: similarity for chunk, similarity in found.items() if similarity > 0}
    rest = [chunk for chunk in others if chunk not in positive]
    similarities = vectors.similarities(driver(connection), collection.vector_table, vector, rest)
    share = model.share if asked.share is None else asked.share
    return _Similar(tuple(positive), {**positive, **similarities}, share)


def nearest(
    connection: Connection,
    collection: Collection,
    vector: Vectors,
    limit: int,
    among: Passing | None,
) -> Mapping[int, float]:
    """Return the cosine similarity of the nearest chunks, nearest first; `vector` is (1, n)."""
    if collection.vector_table is None:
        return {}
    if among is None:
        return vectors.nearest(driver(connection), collection.vector_table, vector, limit)
    return filtered.nearest(connection, collection.vector_table, vector, limit, among)


def _distinct(chunks: Iterable[int], rows: Mapping[int, Row[tuple[object, ...]]]) -> list[int]:
    """Return the chunks without those that say what a better one said, word for word."""
    kept: dict[str, int] = {}
    for chunk in chunks:
        kept.setdefault(" ".join(rows[chunk].text.split()), chunk)
    return list(kept.values())
