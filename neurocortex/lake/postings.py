"""Postings: which chunks a term stands in, packed, and written a segment at a time.

A posting is one bigint: 39 bits of chunk id, 9 of the term's frequency in it, 15 of its length in
terms. Half the bytes of three arrays, half the time to write and to read, and in order of the id.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from neurocortex.lake.collections import Collection
from neurocortex.lake.copying import ArrayColumn, bigint, pieces, row
from neurocortex.lake.copying import text as text_field
from neurocortex.lake.database import driver

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

MAX_SEGMENT_CHUNKS: Final = 20_000
"""A load writes a segment when it holds so many chunks: bounds its memory at about 100 MB."""


def pack(
    chunk_ids: NDArray[np.int64], frequencies: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the postings of chunks."""
    return (
        chunk_ids << (FREQUENCY_BITS + LENGTH_BITS)
        | np.minimum(frequencies, MAX_FREQUENCY) << LENGTH_BITS
        | np.minimum(lengths, MAX_LENGTH)
    )


class SegmentBuilder:
    """Collects the terms of chunks, and writes them as a segment."""

    def __init__(self) -> None:
        """Start empty."""
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        """Terms, numbered as they come."""
        self._stream = array("i")
        """The numbers of all terms of all chunks."""
        self._chunk_ids = array("q")
        self._lengths = array("q")

    @property
    def full(self) -> bool:
        """Whether it holds as much as a segment should."""
        return len(self._chunk_ids) >= MAX_SEGMENT_CHUNKS

    def add(self, chunk_id: int, terms: Sequence[str]) -> None:
        """Add a chunk; its id must be larger than those before."""
        self._stream.extend(map(self._number.__getitem__, terms))
        self._chunk_ids.append(chunk_id)
        self._lengths.append(len(terms))

    def write(self, connection: Connection, collection: Collection) -> None:
        """Write what was added as a new segment; the builder has then done its work."""
        if not self._chunk_ids:
            return
        segment = connection.execute(
            text(
                "INSERT INTO lake.segments (collection_id, chunk_count)"
                " VALUES (:collection, :chunks) RETURNING id"
            ),
            {"collection": collection.id, "chunks": len(self._chunk_ids)},
        ).scalar_one()
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(
                "COPY lake.postings (segment_id, term, packed) FROM STDIN (FORMAT BINARY)"
            ) as copy,
        ):
            for piece in pieces(self._rows(segment)):
                copy.write(piece)

    def _rows(self, segment: int) -> Iterator[bytes]:
        """Yield a row per term."""
        lengths = np.asarray(self._lengths)
        chunk = np.repeat(np.arange(len(lengths)), lengths)
        # Term above, chunk below: sorted once, equal pairs counted.
        pairs, frequencies = np.unique(
            np.asarray(self._stream, np.int64) << 32 | chunk, return_counts=True
        )
        chunk = pairs & 0xFFFFFFFF
        packed = ArrayColumn(pack(np.asarray(self._chunk_ids)[chunk], frequencies, lengths[chunk]))
        ends = np.cumsum(np.bincount(pairs >> 32, minlength=len(self._number))).tolist()
        segment_field = bigint(segment)
        start = 0
        for term, end in zip(self._number, ends, strict=True):
            yield row((segment_field, text_field(term), packed.field(start, end)))
            start = end
