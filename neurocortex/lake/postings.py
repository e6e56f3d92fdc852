"""Postings: which chunks a term stands in, packed, and written a segment at a time.

A posting is one bigint: 39 bits of chunk id, 9 of the term's frequency in it, 15 of its length in
terms. Half the bytes of three arrays, half the time to write and to read, and in order of the id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from neurocortex.lake.collections import Collection
from neurocortex.lake.copying import ARRAY_HEAD, BIGINT, pieces, posting_rows
from neurocortex.lake.database import driver
from neurocortex.text.numbering import NumberedTexts, Numbering

LENGTH_BITS: Final = 15
FREQUENCY_BITS: Final = 9
MAX_LENGTH: Final = 2**LENGTH_BITS - 1
MAX_FREQUENCY: Final = 2**FREQUENCY_BITS - 1
"""More counts as this much: BM25 has long levelled off."""

UNPACK: Final = f"""
    posting >> {FREQUENCY_BITS + LENGTH_BITS} AS chunk_id,
    (posting >> {LENGTH_BITS}) & {MAX_FREQUENCY} AS frequency,
    posting & {MAX_LENGTH} AS length
"""
"""The parts of a `posting` in SQL."""

NARROW_BITS: Final = 32
"""Of the numbers of a term and a chunk together, in a segment of usual texts."""

MAX_SEGMENT_CHUNKS: Final = 20_000
"""A load writes a segment when it holds so many chunks: bounds its memory at about 100 MB."""

BURY: Final = text(
    "INSERT INTO lake.dead_chunks (collection_id, chunk_id)"
    " SELECT :collection, unnest(CAST(:chunks AS bigint[]))"
)

LENGTH_OF: Final = text(f"""
WITH stored AS (
    SELECT unnest(lengths) AS posting FROM lake.segments WHERE collection_id = :collection
), unpacked AS (
    SELECT {UNPACK} FROM stored
)
SELECT coalesce(sum(length), 0)::bigint FROM unpacked WHERE chunk_id = ANY(:chunks)
""")  # noqa: S608 - constants of this module


def pack(
    chunk_ids: NDArray[np.int64], frequencies: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the postings of chunks."""
    return (
        chunk_ids << (FREQUENCY_BITS + LENGTH_BITS)
        | np.minimum(frequencies, MAX_FREQUENCY) << LENGTH_BITS
        | np.minimum(lengths, MAX_LENGTH)
    )


def unpack(
    postings: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the chunk ids, the frequencies and the lengths that were packed."""
    return (
        postings >> (FREQUENCY_BITS + LENGTH_BITS),
        (postings >> LENGTH_BITS) & MAX_FREQUENCY,
        postings & MAX_LENGTH,
    )


def received(sent: bytes | None) -> NDArray[np.int64]:
    """Return the numbers of what `array_send` gave of a bigint[] without nulls; none for null."""
    head = ARRAY_HEAD.itemsize - ARRAY_HEAD["bytes"].itemsize  # its own length is not sent here
    if sent is None or len(sent) <= head:
        return np.empty(0, np.int64)
    return np.frombuffer(sent, BIGINT, offset=head)["value"].astype(np.int64)


def bury(connection: Connection, collection: Collection, chunk_ids: Sequence[int]) -> int:
    """Mark chunks as gone, for searches and merges to skip; return the terms they had."""
    if not chunk_ids:
        return 0
    parameters = {"collection": collection.id, "chunks": list(chunk_ids)}
    connection.execute(BURY, parameters)
    return int(connection.execute(LENGTH_OF, parameters).scalar_one())


class SegmentBuilder:
    """Takes in chunks, and makes a segment of them."""

    def __init__(self) -> None:
        """Start empty."""
        self._chunk_ids: list[int] = []
        self._numbering = Numbering()

    @property
    def full(self) -> bool:
        """Whether it holds as much as a segment should."""
        return len(self._chunk_ids) >= MAX_SEGMENT_CHUNKS

    def add(self, chunks: Iterable[tuple[int, str]]) -> None:
        """Add chunks by id and content, ids in ascending order. Most of the work is here."""
        for chunk_id, content in chunks:
            self._chunk_ids.append(chunk_id)
            self._numbering.add(content)

    def build(self) -> "Segment":
        """Return the segment of what was added. Needs no database."""
        return _segment(self._numbering.finish(), np.asarray(self._chunk_ids, np.int64))


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of some chunks, ready to be written."""

    terms: Sequence[str]
    """In alphabetical order: that of the table's key."""
    postings: NDArray[np.int64]
    """Of all terms, one term after the other."""
    ends: NDArray[np.int64]
    """Where the postings of each term end."""
    lengths: NDArray[np.int64]
    """A posting of frequency 0 for each chunk."""
    tokens: int
    """Terms of all chunks together, repetitions included."""

    def write(self, connection: Connection, collection: Collection) -> None:
        """Write it to the lexical index of a collection."""
        if not len(self.lengths):
            return
        segment = connection.execute(
            text(
                "INSERT INTO lake.segments (collection_id, lengths)"
                " VALUES (:collection, :lengths) RETURNING id"
            ),
            {"collection": collection.id, "lengths": self.lengths.tolist()},
        ).scalar_one()
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(
                "COPY lake.postings (segment_id, term, packed) FROM STDIN (FORMAT BINARY)"
            ) as copy,
        ):
            for piece in pieces(posting_rows(segment, self.terms, self.postings, self.ends)):
                copy.write(piece)


def _segment(texts: NumberedTexts, chunk_ids: NDArray[np.int64]) -> Segment:
    """Return the segment of chunks."""
    lengths = texts.lengths
    bits = len(chunk_ids).bit_length()
    # Term above, chunk below: sorted once, equal pairs counted.
    pairs = texts.numbers.astype(np.int64) << bits
    pairs |= np.repeat(np.arange(len(chunk_ids)), lengths)
    pairs = _sorted(pairs, bits + len(texts.terms).bit_length())
    is_first = np.ones(len(pairs), np.bool_)
    is_first[1:] = pairs[1:] != pairs[:-1]
    firsts = np.flatnonzero(is_first)
    frequencies = np.diff(firsts, append=len(pairs))
    pairs = pairs[firsts]
    chunk = pairs & (2**bits - 1)
    return Segment(
        terms=texts.terms,
        postings=pack(chunk_ids[chunk], frequencies, lengths[chunk]),
        ends=np.searchsorted(pairs, np.arange(1, len(texts.terms) + 1) << bits),
        lengths=pack(chunk_ids, np.zeros_like(lengths), lengths),
        tokens=int(np.minimum(lengths, MAX_LENGTH).sum()),
    )


def _sorted(pairs: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return numbers of so many bits in order: half the bytes are sorted in a third of the time."""
    if bits <= NARROW_BITS:
        return np.sort(pairs.astype(np.uint32)).astype(np.int64)
    return np.sort(pairs)
