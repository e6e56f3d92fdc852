"""Merging the segments of a lexical index, so that a query never reads many."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from neurocortex.lake.collections import Collection
from neurocortex.lake.postings import UNPACK

MAX_SEGMENTS: Final = 8
"""A query reads one row per term and segment."""

MAX_DEAD_SHARE: Final = 0.2
"""Dead chunks, as a share of those alive, from which on all segments are written anew."""

MERGE: Final = text(f"""
WITH stored AS (
    SELECT term, unnest(packed) AS posting FROM lake.postings WHERE segment_id = ANY(:merged)
), unpacked AS (
    SELECT term, posting, {UNPACK} FROM stored
)
INSERT INTO lake.postings (segment_id, term, packed)
SELECT :target, term, array_agg(posting ORDER BY posting)
FROM unpacked
WHERE NOT EXISTS (
    SELECT FROM lake.dead_chunks AS dead
    WHERE dead.collection_id = :collection AND dead.chunk_id = unpacked.chunk_id)
GROUP BY term
""")  # noqa: S608 - constants of this package

MERGE_LENGTHS: Final = text(f"""
WITH stored AS (
    SELECT unnest(lengths) AS posting FROM lake.segments WHERE id = ANY(:merged)
), unpacked AS (
    SELECT posting, {UNPACK} FROM stored
)
INSERT INTO lake.segments (collection_id, lengths)
SELECT :collection, coalesce(array_agg(posting ORDER BY posting), '{{}}')
FROM unpacked
WHERE NOT EXISTS (
    SELECT FROM lake.dead_chunks AS dead
    WHERE dead.collection_id = :collection AND dead.chunk_id = unpacked.chunk_id)
RETURNING id
""")  # noqa: S608 - constants of this package


class Segment(NamedTuple):
    """A segment and its size."""

    id: int
    chunks: int
    """As it was written; some may have gone since."""


def merge(connection: Connection, collection: Collection, *, whole: bool = False) -> None:
    """Merge what should be merged, in the transaction that changed the collection last.

    `whole`: all segments, so that no word of a chunk that is gone is left.
    """
    segments = [
        Segment(found.id, found.chunks)
        for found in connection.execute(
            text(
                "SELECT id, cardinality(lengths) AS chunks FROM lake.segments"
                " WHERE collection_id = :collection"
            ),
            {"collection": collection.id},
        )
    ]
    dead = connection.execute(
        text("SELECT count(*) FROM lake.dead_chunks WHERE collection_id = :collection"),
        {"collection": collection.id},
    ).scalar_one()
    if whole or dead > MAX_DEAD_SHARE * (sum(part.chunks for part in segments) - dead):
        _merge(connection, collection, segments)
        connection.execute(
            text("DELETE FROM lake.dead_chunks WHERE collection_id = :collection"),
            {"collection": collection.id},
        )
    elif chosen := choose(segments):
        _merge(connection, collection, chosen)


def choose(segments: Sequence[Segment]) -> Sequence[Segment]:
    """Return the segments to merge into one: none while there are few.

    From the smallest up, as long as the next is no larger than all before it together, and until
    few enough remain. Each merge at least doubles the segment a chunk lies in, so n chunks are
    written n log n times, however small the loads.
    """
    if len(segments) <= MAX_SEGMENTS:
        return ()
    ordered = sorted(segments, key=lambda segment: segment.chunks)
    total, count = 0, 0
    for segment in ordered:
        few = len(ordered) - count + 1 <= MAX_SEGMENTS // 2
        if count > 1 and segment.chunks > total and few:
            break
        total += segment.chunks
        count += 1
    return ordered[:count]


def _merge(connection: Connection, collection: Collection, merged: Sequence[Segment]) -> None:
    parameters = {"collection": collection.id, "merged": [segment.id for segment in merged]}
    target = connection.execute(MERGE_LENGTHS, parameters).scalar_one()
    connection.execute(MERGE, {**parameters, "target": target})
    connection.execute(
        text("DELETE FROM lake.postings WHERE segment_id = ANY(:merged)"), parameters
    )
    connection.execute(text("DELETE FROM lake.segments WHERE id = ANY(:merged)"), parameters)
