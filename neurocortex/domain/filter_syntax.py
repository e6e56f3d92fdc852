"""The platform's own way to write filters: that of MongoDB's queries.

`{"author": "Mendel", "year": {"$gte": 1860}, "$or": [{...}, {...}]}`, as LangChain's vector stores
have it, too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, TypeAlias, TypeGuard

from pydantic import AfterValidator, JsonValue
from pydantic import Field as PydanticField
from pydantic_core import PydanticCustomError

from neurocortex.domain.filters import (
    MAX_DEPTH,
    MAX_VALUES,
    Either,
    Equals,
    Every,
    Field,
    Filter,
    Not,
    Order,
    equals,
    one_of,
    ordered,
)
from neurocortex.errors import InvalidFilterError


def read(written: Mapping[str, object]) -> Filter:
    """Return the filter that is written in MongoDB's syntax; fields are those of the metadata.

    A dot in a name leads inside: `author.name`. Operators: `$eq`, `$ne`, `$gt`, `$gte`, `$lt`,
    `$lte`, `$in`, `$nin`, `$exists`; `$and`, `$or`, `$not`.

    Raises:
        InvalidFilterError: it cannot be read; the error names the place.
    """
    return _read(written, "", 0)


def _readable(written: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        read(written)
    except InvalidFilterError as error:
        raise PydanticCustomError("filter", "{reason}", {"reason": str(error)}) from None
    return written


WrittenFilter: TypeAlias = Annotated[
    dict[str, JsonValue],
    AfterValidator(_readable),
    PydanticField(
        description="What the metadata of the documents must be like, in MongoDB's syntax.",
        examples=[{"author": "Mendel", "year": {"$gte": 1860}}],
    ),
]
"""A filter in a request; one that cannot be read is refused with its place."""


def _read(written: object, place: str, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise InvalidFilterError(place, f"conditions are nested deeper than {MAX_DEPTH}.")
    if not isinstance(written, Mapping):
        raise InvalidFilterError(place, f"an object is needed, not {type(written).__name__}.")
    parts = [_part(str(key), value, place, depth) for key, value in written.items()]
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _part(key: str, value: object, place: str, depth: int) -> Filter:
    here = f"{place}.{key}" if place else key
    match key:
        case "$and":
            return Every(_each(value, here, depth))
        case "$or":
            return Either(_each(value, here, depth))
        case "$not":
            return Not(_read(value, here, depth + 1))
    if key.startswith("$"):
        raise InvalidFilterError(here, f"{key} is unknown. Known: $and, $or, $not, or a field.")
    if not key or "\0" in key:
        raise InvalidFilterError(here, "no field has that name.")
    field = tuple(key.split("."))
    if not _has_operators(value):
        return equals(field, value, here)
    return Every(tuple(_compared(field, name, each, here) for name, each in value.items()))


def _has_operators(value: object) -> TypeGuard[Mapping[str, object]]:
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(str(name).startswith("$") for name in value)
    )


def _each(value: object, place: str, depth: int) -> tuple[Filter, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InvalidFilterError(place, f"a list is needed, not {type(value).__name__}.")
    if not 0 < len(value) <= MAX_VALUES:
        raise InvalidFilterError(place, f"1 to {MAX_VALUES} conditions are allowed.")
    return tuple(_read(each, f"{place}[{number}]", depth + 1) for number, each in enumerate(value))


def _compared(field: Field, operator: str, value: object, place: str) -> Filter:
    here = f"{place}.{operator}"
    if operator not in _OPERATORS:
        known = ", ".join(_OPERATORS)
        raise InvalidFilterError(here, f"{operator} is unknown. Known: {known}.")
    return _OPERATORS[operator](field, value, here)


def _exists(field: Field, value: object, place: str) -> Filter:
    if not isinstance(value, bool):
        raise InvalidFilterError(place, "true or false is needed.")
    missing = Equals(field, None)
    return Not(missing) if value else missing


_Compare: TypeAlias = Callable[[Field, object, str], Filter]


def _ordering(order: Order) -> _Compare:
    return lambda field, value, place: ordered(field, order, value, place)


_OPERATORS: Final[Mapping[str, _Compare]] = {
    "$eq": equals,
    "$ne": lambda field, value, place: Not(equals(field, value, place)),
    "$gt": _ordering(Order.ABOVE),
    "$gte": _ordering(Order.AT_LEAST),
    "$lt": _ordering(Order.BELOW),
    "$lte": _ordering(Order.AT_MOST),
    "$in": one_of,
    "$nin": lambda field, value, place: Not(one_of(field, value, place)),
    "$exists": _exists,
}
