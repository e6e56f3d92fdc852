"""Keys: the same request always has the same one, and never another tenant's.

A key holds a digest of its input in canonical form. Values that a function could tell apart have
different digests (1, 1.0 and True; a list and a tuple), except where two forms mean the same
request: the order of dict keys and set members, the Unicode normal form of text (NFC), the two
zeros of floats, and the many bit patterns of nan.
"""

import inspect
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from pathlib import PurePath
from typing import Final
from unicodedata import normalize
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from neurocortex.errors import UnkeyableValueError

DIGEST_BYTES: Final = 16
"""128 bits: among 10^12 entries two share a digest with a chance of 10^-15."""

MAX_DEPTH: Final = 100
"""Of nested containers: deeper than any real request, far from the interpreter's own limit."""

_NAME: Final = re.compile(r"[^\s:*?\x00-\x1f]{1,200}")

_AS_TEXT: Final = (date, time, UUID, Decimal, PurePath)


@dataclass(frozen=True, slots=True)
class Key:
    """What an entry is found by. No part may hold white space, `:`, `*` or `?`."""

    tenant: str
    """Whose entry it is."""
    namespace: str
    """What is cached: the name of a function, a model, a dataset."""
    digest: str
    """Which of them: `digest(...)`, or any name."""
    text: str = field(init=False, repr=False, compare=False)
    """The whole key, as the levels store it."""

    def __post_init__(self) -> None:
        for name in ("tenant", "namespace", "digest"):
            check_part(name, getattr(self, name))
        object.__setattr__(self, "text", f"{prefix(self.tenant)}{self.namespace}:{self.digest}")

    def __str__(self) -> str:
        return self.text


def check_part(name: str, part: object) -> None:
    """Check one part of a key.

    Raises:
        UnkeyableValueError: it could be read as another part, or as a pattern.
    """
    if not isinstance(part, str) or not _NAME.fullmatch(part):
        raise UnkeyableValueError(
            name, f"{part!r} must be text of 1 to 200 characters without white space, : * and ?"
        )


def prefix(tenant: str) -> str:
    """Return what the text of all keys of a tenant starts with."""
    return f"{tenant}:"


def key_of(
    tenant: str, namespace: str, value: object, *, model: str = "", model_version: str = ""
) -> Key:
    """Return the key of an input.

    Args:
        tenant: who asks.
        namespace: what for.
        value: the whole input: all that the result depends on.
        model: name of the AI model that computes the result, if one does.
        model_version: its version: a new one has new keys.

    Raises:
        UnkeyableValueError: a part of the value has no canonical form; it is named.
    """
    return Key(tenant, namespace, digest((model, model_version, value)))


def call_key(
    tenant: str,
    function: Callable[..., object],
    arguments: tuple[object, ...],
    keywords: Mapping[str, object],
    *,
    model: str = "",
    model_version: str = "",
) -> Key:
    """Return the key of a call: the same however its arguments are passed, or left to default.

    Raises:
        UnkeyableValueError: an argument has no canonical form, or the call does not fit the
            function.
    """
    namespace = f"{function.__module__}.{function.__qualname__}"
    try:
        bound = inspect.signature(function).bind(*arguments, **keywords)
    except TypeError as error:
        raise UnkeyableValueError(namespace, str(error)) from None
    bound.apply_defaults()
    return key_of(tenant, namespace, bound.arguments, model=model, model_version=model_version)


def digest(value: object) -> str:
    """Return 32 hexadecimal digits that stand for a value.

    Raises:
        UnkeyableValueError: a part of the value has no canonical form; it is named.
    """
    return _digest(value, "value", 0).hex()


def _digest(value: object, path: str, depth: int) -> bytes:
    """Each container is the digest of its members' digests, so no two shapes read alike."""
    if depth > MAX_DEPTH:
        raise UnkeyableValueError(path, f"nested more than {MAX_DEPTH} deep, or within itself")
    plain = _plain(value, path)
    if plain is not None:
        return _hash(*plain)
    inner = depth + 1
    if isinstance(value, Mapping):
        pairs = [
            _digest(key, f"a key of {path}", inner) + _digest(item, f"{path}[{key!r}]", inner)
            for key, item in value.items()
        ]
        return _hash("map", *sorted(pairs))
    if isinstance(value, (set, frozenset)):
        return _hash("set", *sorted(_digest(item, f"a member of {path}", inner) for item in value))
    if isinstance(value, (list, tuple)):
        items = [_digest(item, f"{path}[{at}]", inner) for at, item in enumerate(value)]
        return _hash("list" if isinstance(value, list) else "tuple", *items)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _hash("objects", str(value.shape), _digest(value.tolist(), path, inner))
    members = _members(value, path)
    named = [_hash(name, _digest(item, f"{path}.{name}", inner)) for name, item in members.items()]
    return _hash("object", _type_name(value), *sorted(named))


def _plain(value: object, path: str) -> tuple[str | bytes, ...] | None:
    """Return the canonical form of a value that holds no others, None of one that does."""
    if value is None or isinstance(value, bool):
        return ("constant", repr(value))
    if isinstance(value, Enum):
        return ("enum", _type_name(value), value.name)
    if isinstance(value, str):
        return ("text", _text(value, path))
    if isinstance(value, np.generic):
        return ("scalar", value.dtype.str, _array_bytes(np.asarray(value), path))
    if isinstance(value, int):
        return ("int", str(value))
    if isinstance(value, float):
        return ("float", _float(value))
    if isinstance(value, complex):
        return ("complex", _float(value.real), _float(value.imag))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ("bytes", bytes(value))
    if isinstance(value, datetime):
        return ("datetime", value.isoformat(), str(value.fold))
    if isinstance(value, timedelta):
        return ("timedelta", f"{value.days} {value.seconds} {value.microseconds}")
    if isinstance(value, _AS_TEXT):
        return (type(value).__name__, _text(str(value), path))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return ("array", value.dtype.str, str(value.shape), _array_bytes(value, path))
    return None


def _members(value: object, path: str) -> dict[str, object]:
    if isinstance(value, BaseModel):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise UnkeyableValueError(
        path,
        f"a {_type_name(value)} has no canonical form; pass what identifies it instead",
    )


def _array_bytes(array: np.ndarray, path: str) -> bytes:
    if array.dtype.hasobject or array.dtype.kind == "V":
        raise UnkeyableValueError(path, f"arrays of dtype {array.dtype} have no canonical form")
    if array.dtype.kind in "fc":
        array = array + 0.0  # turns -0.0 into 0.0
        if np.isnan(array).any():
            array = np.where(np.isnan(array), np.asarray(np.nan, array.dtype), array)
    return array.tobytes()


def _float(value: float) -> bytes:
    return b"nan" if value != value else struct.pack(">d", value + 0.0)


def _text(value: str, path: str) -> bytes:
    try:
        return normalize("NFC", value).encode()
    except UnicodeEncodeError:
        raise UnkeyableValueError(path, "the text holds half of a surrogate pair") from None


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _hash(*parts: str | bytes) -> bytes:
    """Hash parts with their lengths: ('ab', 'c') is not ('a', 'bc')."""
    hashed = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hashed.update(struct.pack(">Q", len(raw)))
        hashed.update(raw)
    return hashed.digest()
