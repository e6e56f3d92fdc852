"""Documents and their chunks as rows of PostgreSQL's binary COPY format; see `copying.py`.

Made here because psycopg, which asks for the type of each value of each row, takes twice as long.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from struct import Struct
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from neurocortex.domain.documents import SplitDocument
from neurocortex.domain.json_values import holds_nul
from neurocortex.errors import LoadError

COPY_DOCUMENTS: Final = (
    "COPY lake.documents (id, collection_id, source, title, media_type, checksum, metadata,"
    " load_id) FROM STDIN (FORMAT BINARY)"
)
COPY_CHUNKS: Final = (
    'COPY lake.chunks (id, document_id, ordinal, text, start, "end", heading, page)'
    " FROM STDIN (FORMAT BINARY)"
)

_LENGTH: Final = Struct(">i")
_INT4: Final = Struct(">ii")
"""Its length and a number; texts have theirs before them, too. NULL is the length -1."""
_NULL: Final = _LENGTH.pack(-1)
_DOCUMENT_HEAD: Final = Struct(">hi16sii")
"""Number of fields, and the first two: id and collection."""
_DOCUMENT_TAIL: Final = Struct(">i16s")
"""The last: load."""
_CHUNK_HEAD: Final = Struct(">hiqi16siii")
"""Number of fields, id, document, ordinal, and the length of the text that follows."""
_CHUNK_PLACE: Final = Struct(">iqiq")
"""Start and end."""
_NOWHERE: Final = _NULL + _NULL
"""No heading, no page."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_JSONB: Final = b"\x01"
"""The version of jsonb's binary format, which is JSON behind it."""
_NUL: Final = "the character NUL"


def document_rows(
    collection_id: int, load_id: UUID, documents: Mapping[bytes, SplitDocument]
) -> Iterator[bytes]:
    """Yield a row for each document, by the bytes of its id.

    Raises:
        LoadError: a document holds what PostgreSQL cannot, named with its source.
    """
    load = _DOCUMENT_TAIL.pack(16, load_id.bytes)
    for key, split in documents.items():
        document = split.document
        try:
            yield b"".join(
                (
                    _DOCUMENT_HEAD.pack(8, 16, key, 4, collection_id),
                    _text(document.source),
                    _text(document.title),
                    _text(document.media_type),
                    _text(document.checksum),
                    _json(document.metadata),
                    load,
                )
            )
        except ValueError as error:
            raise _refused(split, error) from error


def chunk_rows(
    chunk_ids: Sequence[int], documents: Mapping[bytes, SplitDocument]
) -> Iterator[bytes]:
    """Yield a row for each chunk, document after document; `chunk_ids` are in the same order.

    Raises:
        LoadError: a chunk holds what PostgreSQL cannot, named with its document's source.
    """
    ids = iter(chunk_ids)
    for key, split in documents.items():
        for chunk in split.chunks:
            try:
                content = _encoded(chunk.text)
                place = _NOWHERE
                if chunk.heading is not None or chunk.page is not None:
                    heading = _NULL if chunk.heading is None else _text(chunk.heading)
                    page = _NULL if chunk.page is None else _INT4.pack(4, chunk.page)
                    place = heading + page
            except ValueError as error:
                raise _refused(split, error) from error
            yield b"".join(
                (
                    _CHUNK_HEAD.pack(8, 8, next(ids), 16, key, 4, chunk.ordinal, len(content)),
                    content,
                    _CHUNK_PLACE.pack(8, chunk.start, 8, chunk.end),
                    place,
                )
            )


def _text(value: str) -> bytes:
    encoded = _encoded(value)
    return _LENGTH.pack(len(encoded)) + encoded


def _encoded(value: str) -> bytes:
    """Return a text as UTF-8.

    Raises:
        ValueError: PostgreSQL cannot hold it, and would not say which document it was in.
    """
    encoded = value.encode()  # a UnicodeEncodeError is a ValueError
    if b"\0" in encoded:
        raise ValueError(_NUL)
    return encoded


def _json(value: Mapping[str, JsonValue]) -> bytes:
    written = "{}" if not value else _JSON.encode(dict(value))
    if "\\u0000" in written and holds_nul(dict(value)):
        raise ValueError(_NUL)
    encoded = _JSONB + written.encode()
    return _LENGTH.pack(len(encoded)) + encoded


def _refused(split: SplitDocument, error: ValueError) -> LoadError:
    return LoadError(split.document.source, f"it holds what PostgreSQL cannot store: {error}.")
