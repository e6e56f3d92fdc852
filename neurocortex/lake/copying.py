"""PostgreSQL's binary COPY format for rows that numpy can lay out at once.

psycopg converts value by value; a batch of vectors or postings is millions of values. Format:
https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS-BINARY, arrays as
`array_send` writes them, vectors as pgvector's `halfvec_send` does.
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER: Final = b"\xff\xff"

INT8_OID: Final = 20

_SHORT: Final = Struct(">h")
_LONG: Final = Struct(">i")
_ARRAY: Final = Struct(">iiiiii")
"""Bytes that follow, dimensions, has nulls, element type, length, lower bound."""


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


def row(fields: Sequence[bytes]) -> bytes:
    """Return one row of fields that already carry their length."""
    return _SHORT.pack(len(fields)) + b"".join(fields)


def bigint(value: int) -> bytes:
    """Return a field of type bigint."""
    return _LONG.pack(8) + value.to_bytes(8, "big", signed=True)


def text(value: str) -> bytes:
    """Return a field of type text."""
    encoded = value.encode()
    return _LONG.pack(len(encoded)) + encoded


class ArrayColumn:
    """Bigints of which stretches become array fields: encoded once, sliced per row."""

    def __init__(self, values: NDArray[np.int64]) -> None:
        """Take the values of all rows, one after the other."""
        elements = np.empty(len(values), np.dtype([("bytes", ">i4"), ("value", ">i8")]))
        elements["bytes"] = 8
        elements["value"] = values
        self._content = elements.tobytes()
        self._stride = elements.itemsize

    def field(self, start: int, end: int) -> bytes:
        """Return `values[start:end]` as a field; the stretch must not be empty."""
        content = self._content[start * self._stride : end * self._stride]
        return _ARRAY.pack(20 + len(content), 1, 0, INT8_OID, end - start, 1) + content


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
