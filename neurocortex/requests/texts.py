"""Texts that cannot be kept, told at the edge: later they would fail in whatever meets them first.

JSON may hold U+0000 as an escape. PostgreSQL refuses it in every text, and Prefect, on PostgreSQL,
answers a run's parameters that hold it with an error that looks as if it might pass.
"""

import json
from typing import Final

from pydantic import JsonValue

from neurocortex.errors import UnrecordableError

NUL: Final = "\0"
ESCAPED: Final = "\\u0000"
ESCAPED_BYTES: Final = ESCAPED.encode()


def refuse_nul(body: bytes | str) -> None:
    """Make sure that no text in valid JSON holds U+0000.

    Raises:
        UnrecordableError: one does; it says where.
    """
    is_there = ESCAPED_BYTES in body if isinstance(body, bytes) else ESCAPED in body
    if not is_there:
        return  # nearly always: nothing is read twice
    place = _place_of_nul(json.loads(body), "")
    if place is not None:  # else it was a backslash, and then u0000
        raise UnrecordableError(f"{place or 'it'} holds the character U+0000")


def _place_of_nul(value: JsonValue, place: str) -> str | None:
    if isinstance(value, str):
        return place if NUL in value else None
    found: str | None = None
    if isinstance(value, list):
        for number, each in enumerate(value):
            found = found or _place_of_nul(each, f"{place}.{number}".lstrip("."))
    elif isinstance(value, dict):
        for name, each in value.items():
            if NUL in name:
                return place
            found = found or _place_of_nul(each, f"{place}.{name}".lstrip("."))
    return found
