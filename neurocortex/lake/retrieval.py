"""Search: candidates by words and by vectors, scored together.

Fused by a convex combination of normalised scores (Bruch et al. 2023, "An analysis of fusion
functions for hybrid retrieval"). Reciprocal rank fusion was measured beside it on COVID-QA with
the LSA model: hit@5 .738 against .791, because it lets the weaker ranking weigh as much.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import Row

from neurocortex.domain.answers import Passage
from neurocortex.domain.embedding import Embedder, Restore, embedded_text
from neurocortex.lake import collections, lexical, models, scoring, vectors
from neurocortex.lake.collections import Collection
from neurocortex.lake.database import driver
from neurocortex.lake.models import ModelCache
from neurocortex.text.tokens import tokens

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
class _Similar:
    """What the vectors found."""

    nearest: Sequence[int]
    """Chunk ids, nearest first."""
    similarities: Mapping[int, float]
    """Cosine similarity of every candidate."""
    share: float


def search(
    engine: Engine, name: str, query: str, k: int, restore: Restore, cache: ModelCache
) -> tuple[Passage, ...]:
    """Return the `k` best passages of a collection, best first, as of one moment."""
    for _ in range(ATTEMPTS - 1):
        with suppress(UndefinedTable):
            return _search_once(engine, name, query, k, restore, cache)
    return _search_once(engine, name, query, k, restore, cache)


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


def _search_once(
    engine: Engine, name: str, query: str, k: int, restore: Restore, cache: ModelCache
) -> tuple[Passage, ...]:
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        collection = collections.find(connection, name)
        model = models.load(connection, collection, restore, cache)
        return _search(connection, collection, model, query, k)


def _search(
    connection: Connection, collection: Collection, model: Embedder | None, query: str, k: int
) -> tuple[Passage, ...]:
    limit = max(CANDIDATES, CANDIDATES_PER_RESULT * k)
    matches = lexical.search(connection, collection, tokens(query), limit)
    similar = _similar(connection, collection, model, query, limit, matches.scores)
    rows = {
        row.id: row
        for row in connection.execute(FETCH, {"chunks": [*matches.scores, *similar.nearest]})
    }
    terms = {
        chunk: tokens(embedded_text(row.title, row.heading, row.text))
        for chunk, row in rows.items()
    }
    statistics = scoring.Statistics(collection.chunk_count, collection.mean_length, matches.idf)
    scores = fuse(scoring.lexical_scores(terms, statistics), similar.similarities, similar.share)
    lexical_rank = {chunk: rank for rank, chunk in enumerate(matches.scores, start=1)}
    dense_rank = {chunk: rank for rank, chunk in enumerate(similar.nearest, start=1)}
    best = sorted(scores, key=lambda chunk: (-scores[chunk], chunk))
    return tuple(
        Passage(
            document_id=rows[chunk].document_id,
            source=rows[chunk].source,
            title=rows[chunk].title,
            heading=rows[chunk].heading,
            page=rows[chunk].page,
            text=rows[chunk].text,
            start=rows[chunk].start,
            end=rows[chunk].end,
            score=scores[chunk],
            lexical_rank=lexical_rank.get(chunk),
            dense_rank=dense_rank.get(chunk),
        )
        for chunk in _distinct(best, rows)[:k]
    )


def _similar(
    connection: Connection,
    collection: Collection,
    model: Embedder | None,
    query: str,
    limit: int,
    others: Iterable[int],
) -> _Similar:
    """Search by vector; nothing where the collection has none, or the model knows no word."""
    if model is None or collection.vector_table is None:
        return _Similar((), {}, 0.0)
    vector = model.embed_query(query)
    if not vector.any():
        return _Similar((), {}, 0.0)
    found = vectors.nearest(driver(connection), collection.vector_table, vector, limit)
    nearest = {chunk: similarity for chunk, similarity in found.items() if similarity > 0}
    rest = [chunk for chunk in others if chunk not in nearest]
    similarities = vectors.similarities(driver(connection), collection.vector_table, vector, rest)
    return _Similar(tuple(nearest), {**nearest, **similarities}, model.share)


def _distinct(chunks: Iterable[int], rows: Mapping[int, Row[tuple[object, ...]]]) -> list[int]:
    """Return the chunks without those that say what a better one said, word for word."""
    kept: dict[str, int] = {}
    for chunk in chunks:
        kept.setdefault(" ".join(rows[chunk].text.split()), chunk)
    return list(kept.values())
