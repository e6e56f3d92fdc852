"""Entries of Redis Streams, as Redis sends them."""

from collections.abc import Iterable
from typing import Final, NamedTuple, cast

from neurocortex.realtime.layout import FIELD

_FIELD: Final = FIELD.encode()


class Entry(NamedTuple):
    """One entry."""

    stream: bytes
    """The whole key."""
    id: bytes
    content: bytes


def read(answer: object) -> list[Entry]:
    """Return the entries that XREAD or XREADGROUP answered; a deleted one has no content.

    Streams come as pairs in version 2 of Redis' protocol, in a mapping in version 3.
    """
    pairs = answer.items() if isinstance(answer, dict) else answer or ()
    streams = cast("Iterable[tuple[bytes, list[tuple[bytes, list[bytes] | None]]]]", pairs)
    return [
        Entry(stream, entry, fields[1] if fields and fields[0] == _FIELD else b"")
        for stream, entries in streams
        for entry, fields in entries
    ]
