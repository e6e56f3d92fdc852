"""Entries of Redis Streams, as redis-py gives them."""

from typing import Any, Final, NamedTuple, cast

from neurocortex.realtime.layout import FIELD

_FIELD: Final = FIELD.encode()


class Entry(NamedTuple):
    """One entry."""

    stream: bytes
    """The whole key."""
    id: bytes
    content: bytes


def read(answer: object) -> list[Entry]:
    """Return the entries that XREAD or XREADGROUP answered; a deleted one has no content."""
    streams = cast("list[tuple[bytes, list[tuple[bytes, dict[bytes, Any]]]]]", answer or [])
    return [
        Entry(stream, entry, fields.get(_FIELD, b""))
        for stream, entries in streams
        for entry, fields in entries
    ]
