"""An entry as Redis and the disk store it: compressed, sealed, and bound to its key."""

import zlib
from typing import Final

import ormsgpack
from backports import zstd
from pydantic import TypeAdapter

from neurocortex.cache.keys import Key
from neurocortex.cache.values import Entry
from neurocortex.errors import CorruptEntryError

FORMAT: Final = b"NC2"
"""Another layout gets another number: what older versions wrote is then read as a miss."""

COMPRESS_ABOVE: Final = 4096
"""Bytes. Below, unpacking takes a tenth of a read from Redis, and saves less."""

LEVEL: Final = 1
"""Of zstd: the usual 3 takes a third longer for a twentieth less."""

WORTH_IT: Final = 0.8
"""Compressed bytes are stored when they are a smaller share than this."""

MAX_BYTES: Final = 2**31
"""Of a value, unpacked: forged bytes must not fill the memory."""

_SEAL_BYTES: Final = 4
_FIELDS: Final = TypeAdapter(tuple[str, float, float, int, int, tuple[str, ...], bool, bytes])


def seal(key: Key, entry: Entry) -> bytes:
    """Return an entry as bytes, which hold what they belong to and a checksum."""
    body = _compressed(entry.body) if len(entry.body) > COMPRESS_ABOVE else entry.body
    compressed = body is not entry.body
    head = [key.text, entry.ttl_s, entry.stale_s, entry.born, entry.token, list(entry.tags)]
    packed = ormsgpack.packb([*head, compressed, body])
    return FORMAT + zlib.crc32(packed).to_bytes(_SEAL_BYTES, "big") + packed


def unseal(key: Key, data: bytes) -> Entry:
    """Return the entry in some bytes.

    Raises:
        CorruptEntryError: they are damaged, of another format, or the entry of another key.
    """
    start = len(FORMAT) + _SEAL_BYTES
    packed = data[start:]
    if data[: len(FORMAT)] != FORMAT:
        raise CorruptEntryError(f"{key}: not an entry of this version")
    if zlib.crc32(packed).to_bytes(_SEAL_BYTES, "big") != data[len(FORMAT) : start]:
        raise CorruptEntryError(f"{key}: the checksum does not fit")
    try:
        fields = _FIELDS.validate_python(ormsgpack.unpackb(packed))
        text, ttl_s, stale_s, born, token, tags, compressed, body = fields
        if compressed:
            body = _expanded(body)
    except (ValueError, zstd.ZstdError) as error:
        raise CorruptEntryError(f"{key}: unreadable entry: {error}") from error
    if text != key.text:
        raise CorruptEntryError(f"{key}: holds the entry of {text}")
    return Entry(body, ttl_s, stale_s, born, token, tags)


def _compressed(body: bytes) -> bytes:
    """Return fewer bytes, or the same ones: embeddings hardly compress, and are read often."""
    fewer = zstd.compress(body, LEVEL)
    return fewer if len(fewer) < WORTH_IT * len(body) else body


def _expanded(body: bytes) -> bytes:
    stream = zstd.ZstdDecompressor()
    expanded = stream.decompress(body, MAX_BYTES)
    if not stream.eof:
        raise ValueError("it is cut off, or larger than allowed when unpacked")
    return expanded
