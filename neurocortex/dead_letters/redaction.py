"""Hide secrets in what is kept of a run's inputs and messages.

A value is hidden when its name says that it is a secret, when it looks like one, or when it is
the same as one that was hidden elsewhere in the same inputs. In doubt it is hidden: a replay uses
the inputs that Prefect has, not these.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Final
from uuid import UUID

from neurocortex.dead_letters.secret_text import hide, is_secret_name
from neurocortex.settings import MASK

MAX_TEXT_CHARS: Final = 500
"""Enough to recognise a text by; a whole document would hide the other inputs."""

MAX_VALUES: Final = 1000
"""Of all levels together. A person reads no more, and a list of a million paths fits no row."""

MAX_DEPTH: Final = 20
"""Deeper inputs are no inputs of a person's, and may be a cycle."""

MAX_INTEGER_BITS: Final = 256
"""Python refuses to print integers of more than some thousand digits."""

MAX_NAME_CHARS: Final = 60
"""A longer text is no name, though it may have the word `password` in it."""

SHORTEST_SECRET: Final = 6
"""A shorter one is hidden where it stands only: it would be found inside of ordinary words."""

MORE: Final = "…"
PLAIN: Final = (date, time, timedelta, Decimal, UUID, PurePath)
"""Types whose text is what a person would write; of any other unknown type only its name is kept,
because its text may hold anything."""


def redact(parameters: Mapping[str, object]) -> str:
    """Return a run's parameters as JSON text for people: secrets hidden, long texts shortened.

    Never raises, whatever the values are. At most MAX_VALUES values and MAX_TEXT_CHARS characters
    of each are kept.
    """
    made = _Redaction(secrets_of(parameters)).value(dict(parameters), 0)
    return storable(json.dumps(made, ensure_ascii=False))


def is_whole(redacted: str) -> bool:
    """Tell whether `redact` left everything as it was; in doubt it did not."""
    return MASK not in redacted and MORE not in redacted


def redact_text(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return a message with what looks like a secret in it hidden, and the `secrets` too."""
    return storable(hide(text, secrets))


def secrets_of(parameters: Mapping[str, object]) -> frozenset[str]:
    """Return the texts whose names say that they are secrets, to find them in messages as well."""
    found: set[str] = set()
    for text in _secret_texts(dict(parameters), 0):
        found.update(part for part in (text, *text.split()) if len(part) >= SHORTEST_SECRET)
        if len(found) >= MAX_VALUES:
            break
    return frozenset(found)


def storable(text: str) -> str:
    """Return a text that PostgreSQL can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(slots=True)
class _Redaction:
    """One walk through a run's parameters."""

    secrets: frozenset[str]
    left: int = field(default=MAX_VALUES)

    def value(self, value: object, depth: int) -> object:
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            return MORE
        if value is None or isinstance(value, bool | float):
            return value if value is None or isinstance(value, bool) else _number(value)
        if isinstance(value, int):
            return value if value.bit_length() <= MAX_INTEGER_BITS else "<large integer>"
        if isinstance(value, str):
            return self.text(value, depth)
        if isinstance(value, dict):
            return self.mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self.sequence(list(value), depth)
        if hasattr(type(value), "get_secret_value"):
            return MASK
        return hide(str(value), self.secrets) if isinstance(value, PLAIN) else _type_of(value)

    def text(self, text: str, depth: int) -> str:
        structured = _structured(text)
        if structured is not None:
            text = json.dumps(self.value(structured, depth + 1), ensure_ascii=False)
        shown = hide(text, self.secrets)
        if len(shown) <= MAX_TEXT_CHARS:
            return shown
        return f"{shown[:MAX_TEXT_CHARS]}{MORE} ({len(text)} characters)"

    def mapping(self, mapping: dict[object, object], depth: int) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, value in mapping.items():
            if self.left <= 0:
                made[MORE] = f"{len(mapping) - len(made)} more"
                break
            name = (
                self.text(key, MAX_DEPTH) if isinstance(key, str) else str(self.value(key, depth))
            )
            is_secret = is_secret_name(name) or (key == "value" and _names_a_secret(mapping))
            made[name] = _masked(value) if is_secret else self.value(value, depth + 1)
        return made

    def sequence(self, values: list[object], depth: int) -> list[object]:
        if _is_secret_pair(values):
            return [self.value(values[0], depth + 1), _masked(values[1])]
        made: list[object] = []
        for value in values:
            if self.left <= 0:
                made.append(f"{MORE} {len(values) - len(made)} more")
                break
            made.append(self.value(value, depth + 1))
        return made


def _secret_texts(value: object, depth: int, *, is_secret: bool = False) -> Iterator[str]:
    """Yield every text under a secret's name, as `_Redaction` hides it."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, str):
        structured = _structured(value)
        if is_secret:
            yield value
        elif structured is not None:
            yield from _secret_texts(structured, depth + 1)
    elif isinstance(value, dict):
        for key, inner in value.items():
            named = isinstance(key, str) and is_secret_name(key)
            named = named or (key == "value" and _names_a_secret(value))
            yield from _secret_texts(inner, depth + 1, is_secret=is_secret or named)
    elif isinstance(value, list | tuple | set | frozenset):
        pair = _is_secret_pair(list(value))
        for inner in value:
            yield from _secret_texts(inner, depth + 1, is_secret=is_secret or pair)


def _masked(value: object) -> object:
    """Nothing, and yes or no, are no secrets: `token: null` says why a call was refused."""
    return value if value is None or isinstance(value, bool) else MASK


def _names_a_secret(mapping: dict[object, object]) -> bool:
    """Tell `{"name": "password", "value": ...}`, as environments and headers are written."""
    names = (mapping.get("name"), mapping.get("key"))
    return any(isinstance(name, str) and is_secret_name(name) for name in names)


def _is_secret_pair(values: list[object]) -> bool:
    """Tell `["Authorization", ...]`, as lists of headers are written."""
    if len(values) != 2 or not isinstance(values[0], str):
        return False
    return len(values[0]) <= MAX_NAME_CHARS and is_secret_name(values[0])


def _structured(text: str) -> object | None:
    """Return what a text that is a JSON object or list stands for."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _number(value: float) -> float | str:
    """JSON has no infinity, and nothing that is not a number."""
    return value if abs(value) < float("inf") else str(value)


def _type_of(value: object) -> str:
    return f"<{type(value).__name__}>"
