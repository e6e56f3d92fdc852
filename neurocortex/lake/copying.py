"""PostgreSQL's binary COPY format for rows that numpy can lay out at once.

psycopg converts value by value; a batch of vectors or postings is millions of values. Format:
https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS-BINARY, arrays as
`array_send` writes them, vectors as pgvector's `halfvec_send` does.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER: Final = b"\xff\xff"

INT8_OID: Final = 20

POSTING_HEAD: Final = np.dtype(
    [("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), ("term_bytes", ">i4")]
)
ARRAY_HEAD: Final = np.dtype(
    [
        ("bytes", ">i4"),
        ("dimensions", ">i4"),
        ("has_nulls", ">i4"),
        ("element_type", ">i4"),
        ("length", ">i4"),
        ("lower_bound", ">i4"),
    ]
)
BIGINT: Final = np.dtype([("bytes", ">i4"), ("value", ">i8")])
"""An element of an array."""


def vector_rows(
    chunk_ids: NDArray[np.int64], vectors: NDArray[np.float32] | NDArray[np.float16]
) -> bytes:
    """Return rows of (bigint, halfvec), without header and trailer."""
    dimension = vectors.shape[1]
    layout = np.dtype(
        [
            ("fields", ">i2"),
            ("id_bytes", ">i4"),
            ("id", ">i8"),
            ("vector_bytes", ">i4"),
            ("dimension", ">i2"),
            ("unused", ">i2"),
            ("values", ">f2", (dimension,)),
        ]
    )
    rows = np.zeros(len(chunk_ids), layout)
    rows["fields"] = 2
    rows["id_bytes"] = 8
    rows["id"] = chunk_ids
    rows["vector_bytes"] = 4 + 2 * dimension
    rows["dimension"] = dimension
    rows["values"] = vectors
    return rows.tobytes()


def posting_rows(
    segment: int, terms: Sequence[str], postings: NDArray[np.int64], ends: NDArray[np.int64]
) -> Iterator[bytes]:
    """Yield a row of (bigint, text, bigint[]) for each term, without header and trailer.

    Args:
        segment: what stands first in each.
        terms: what stands second.
        postings: the elements of all arrays, one array after the other; none is empty.
        ends: where each array ends.
    """
    encoded = [term.encode() for term in terms]
    heads = np.zeros(len(terms), POSTING_HEAD)
    heads["fields"] = 3
    heads["id_bytes"] = 8
    heads["id"] = segment
    heads["term_bytes"] = [len(term) for term in encoded]
    elements = np.empty(len(postings), BIGINT)
    elements["bytes"] = 8
    elements["value"] = postings
    lengths = np.diff(ends, prepend=0)
    arrays = np.zeros(len(terms), ARRAY_HEAD)
    arrays["bytes"] = ARRAY_HEAD.itemsize - 4 + BIGINT.itemsize * lengths
    arrays["dimensions"] = 1
    arrays["element_type"] = INT8_OID
    arrays["length"] = lengths
    arrays["lower_bound"] = 1
    head_bytes, array_bytes, content = heads.tobytes(), arrays.tobytes(), elements.tobytes()
    head = array = start = 0
    for term, end in zip(encoded, (BIGINT.itemsize * ends).tolist(), strict=True):
        head_end, array_end = head + POSTING_HEAD.itemsize, array + ARRAY_HEAD.itemsize
        yield b"".join(
            (head_bytes[head:head_end], term, array_bytes[array:array_end], content[start:end])
        )
        head, array, start = head_end, array_end, end


def pieces(rows: Iterable[bytes], size: int = 2**18) -> Iterable[bytes]:
    """Return the rows with header and trailer, joined to pieces worth a system call each."""
    buffer = [HEADER]
    length = 0
    for content in rows:
        buffer.append(content)
        length += len(content)
        if length >= size:
            yield b"".join(buffer)
            buffer.clear()
            length = 0
    yield b"".join([*buffer, TRAILER])
