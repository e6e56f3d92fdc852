"""Values as bytes and back, typed and safe: reading runs no code that the bytes choose.

MessagePack, with an extension type for each Python type that it does not know. Types of your own
are allowed one by one, as adapters. What comes back equals what went in and has the same type,
but for `bytearray` and `memoryview`, which come back as `bytes`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

import numpy as np
import ormsgpack
import pandas as pd
from pydantic import BaseModel

from neurocortex.cache import arrays
from neurocortex.cache.scalars import READERS, WRITERS, Tag
from neurocortex.errors import CorruptEntryError, UncacheableValueError

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

MAX_DEPTH: Final = 100
"""Of nested containers: ormsgpack's own limit is not much higher."""

ROOT: Final = "value"

_OPTIONS: Final = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)
"""Nothing is written as a type that looks like its own."""

_CONTAINERS: Final[Mapping[type, Tag]] = {
    tuple: Tag.TUPLE,
    set: Tag.SET,
    frozenset: Tag.FROZENSET,
}

_MISSING: Final = {b"NA": pd.NA, b"NaT": pd.NaT}

_RESTORERS: Final[Mapping[int, Callable[[Any], object]]] = {
    Tag.TUPLE: tuple,
    Tag.SET: set,
    Tag.FROZENSET: frozenset,
    Tag.PAIRS: dict,
    Tag.ARRAY: arrays.array,
    Tag.SCALAR: lambda parts: arrays.array(parts)[()],
    Tag.FRAME: arrays.frame,
    Tag.SERIES: arrays.series,
    Tag.MISSING: _MISSING.__getitem__,
}
"""What makes a value of its parts; each checks what it gets."""


@dataclass(frozen=True)
class Adapter(Generic[T]):
    """Allows one type to be cached."""

    name: str
    """What stands for the type in the bytes; keep it when the class is renamed."""
    type: type[T]
    dump: Callable[[T], object]
    """Returns what the codec can write."""
    load: Callable[[Any], T]
    """Makes the value of that; it checks what it gets, as another version may have written it."""


def model_adapter(model: type[M]) -> Adapter[M]:
    """Return an adapter of a pydantic model: its fields are validated when it is read."""
    name = f"{model.__module__}.{model.__qualname__}"
    return Adapter(name, model, lambda value: dict(value), model.model_validate)


class Codec:
    """Writes and reads values of the known types and of those that adapters allow."""

    def __init__(self, adapters: Iterable[Adapter[Any]] = ()) -> None:
        """Allow the types of some adapters, and no others beyond the built-in ones."""
        known = tuple(adapters)
        self._by_type: Mapping[type, Adapter[Any]] = {each.type: each for each in known}
        self._by_name: Mapping[str, Adapter[Any]] = {each.name: each for each in known}
        self._restorers: Mapping[int, Callable[[Any], object]] = {
            **_RESTORERS,
            Tag.ADAPTED: self._adapted,
        }

    def dumps(self, value: object) -> bytes:
        """Return a value as bytes.

        Raises:
            UncacheableValueError: a part of it has a type that is not known; it is named.
        """
        try:
            return self._pack(value)
        except (ormsgpack.MsgpackEncodeError, RecursionError):
            # A dict with other keys than text, which ormsgpack does not hand over, or what cannot
            # be written at all: walking it is slower, and knows the place.
            return self._pack(self._tree(value, ROOT, 0))

    def loads(self, body: bytes) -> object:
        """Return the value that was written as these bytes.

        Raises:
            CorruptEntryError: they are no value, or one of a type that is not allowed here.
        """
        try:
            return cast("object", ormsgpack.unpackb(body, ext_hook=self._restored))
        except Exception as error:
            raise CorruptEntryError(f"unreadable value: {error}") from error

    def can_read(self, body: bytes) -> bool:
        """Return whether `loads` gives a value: another version may have known other types."""
        try:
            self.loads(body)
        except CorruptEntryError:
            return False
        return True

    def _pack(self, value: object) -> bytes:
        return ormsgpack.packb(value, self._extension, _OPTIONS)

    def _tree(self, value: object, path: str, depth: int) -> object:
        """Return a value that `_pack` can write: dicts with other keys than text as pairs."""
        if depth > MAX_DEPTH:
            raise UncacheableValueError(path, f"nested more than {MAX_DEPTH} deep")
        kind, inner = type(value), depth + 1
        if isinstance(value, dict) and kind is dict:
            pairs = [
                (
                    self._tree(key, f"a key of {path}", inner),
                    self._tree(item, f"{path}[{key!r}]", inner),
                )
                for key, item in value.items()
            ]
            if all(type(key) is str for key in value):
                return dict(cast("list[tuple[str, object]]", pairs))
            return self._extended(Tag.PAIRS, [list(pair) for pair in pairs], path)
        if kind is list or kind in _CONTAINERS:
            members = enumerate(cast("Iterable[object]", value))
            items = [self._tree(item, f"{path}[{at}]", inner) for at, item in members]
            return items if kind is list else self._extended(_CONTAINERS[kind], items, path)
        if kind in self._by_type:
            adapter = self._by_type[kind]
            dumped = self._tree(adapter.dump(value), path, inner)
            return self._extended(Tag.ADAPTED, [adapter.name, dumped], path)
        self._extended(Tag.TUPLE, [value], path)
        return value

    def _extended(self, tag: Tag, items: list[object], path: str) -> ormsgpack.Ext:
        try:
            return ormsgpack.Ext(tag, self._pack(items))
        except (ormsgpack.MsgpackEncodeError, RecursionError) as error:
            cause = error.__cause__
            reason = cause.reason if isinstance(cause, UncacheableValueError) else str(error)
            raise UncacheableValueError(path, reason) from error

    def _extension(self, value: object) -> ormsgpack.Ext:
        kind = type(value)
        if kind in WRITERS:
            tag, write = WRITERS[kind]
            return ormsgpack.Ext(tag, write(value))
        tag, parts = self._parts(value)
        return ormsgpack.Ext(tag, self.dumps(parts))

    def _parts(self, value: object) -> tuple[Tag, object]:
        kind = type(value)
        if kind in _CONTAINERS:
            return _CONTAINERS[kind], list(cast("Iterable[object]", value))
        if kind in self._by_type:
            adapter = self._by_type[kind]
            return Tag.ADAPTED, [adapter.name, adapter.dump(value)]
        if isinstance(value, np.generic):
            return Tag.SCALAR, arrays.array_parts(np.asarray(value))
        if type(value) is np.ndarray:
            return Tag.ARRAY, arrays.array_parts(value)
        if type(value) is pd.DataFrame:
            return Tag.FRAME, arrays.frame_parts(value)
        if type(value) is pd.Series:
            return Tag.SERIES, arrays.series_parts(value)
        if value is pd.NA or value is pd.NaT:
            return Tag.MISSING, b"NA" if value is pd.NA else b"NaT"
        raise UncacheableValueError(
            ROOT, f"{kind.__module__}.{kind.__qualname__} is not among the allowed types"
        )

    def _restored(self, tag: int, data: bytes) -> object:
        read = READERS.get(tag)
        if read is not None:
            return read(data)
        restore = self._restorers.get(tag)
        if restore is None:
            raise CorruptEntryError(f"unknown extension type {tag}")
        return restore(ormsgpack.unpackb(data, ext_hook=self._restored))

    def _adapted(self, parts: Any) -> object:
        name, dumped = parts
        return self._by_name[name].load(dumped)
