"""What a document must be like to be found: one small tree, whatever syntax it was written in.

`filter_syntax.py` reads the platform's own. A missing field is like a null one. Dates are texts in
ISO 8601; those without a zone are in UTC.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from neurocortex.domain.json_values import holds_nul
from neurocortex.errors import InvalidFilterError

MAX_DEPTH: Final = 20
"""Conditions inside conditions: more is a mistake, or meant badly."""

MAX_VALUES: Final = 1_000
"""Conditions, or values of one `in`: each is a look-up in an index."""

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class Attribute(StrEnum):
    """What a document has beside its metadata."""

    ID = "id"
    TEXT = "text"


Field: TypeAlias = Attribute | tuple[str, ...]
"""An attribute, or a path into the metadata: `("author", "name")`."""


class Order(StrEnum):
    """How a value compares with the one that is given."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Equals:
    """The field has this value; None: it is null, or missing."""

    field: Field
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Ordered:
    """The field is a number, or a date, that compares so. Of another kind it does not."""

    field: Field
    order: Order
    value: int | float | datetime


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: "Filter"


@dataclass(frozen=True, slots=True)
class Every:
    """All conditions hold; none: everything is meant."""

    conditions: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the conditions holds; none: nothing is meant."""

    conditions: tuple["Filter", ...]


Filter: TypeAlias = Equals | Ordered | Not | Every | Either

NOTHING: Final = Either(())
EVERYTHING: Final = Every(())


def equals(field: Field, value: object, place: str) -> Equals:
    """Return the condition that a field has a value.

    Raises:
        InvalidFilterError: JSON cannot hold the value.
    """
    try:
        found = _JSON.validate_python(value, strict=True)
    except ValidationError:
        raise InvalidFilterError(
            place, f"a value of type {type(value).__name__} cannot be compared."
        ) from None
    if isinstance(found, float) and not math.isfinite(found):
        raise InvalidFilterError(place, f"{found} is no number that can be compared.")
    if holds_nul(found):
        raise InvalidFilterError(place, "no text in the Lake holds the character NUL.")
    return Equals(field, found)


def ordered(field: Field, order: Order, value: object, place: str) -> Filter:
    """Return the condition that a field compares so; nothing compares with None.

    Raises:
        InvalidFilterError: the value is neither a number nor a date in ISO 8601.
    """
    if value is None:
        return NOTHING
    if isinstance(field, Attribute):
        raise InvalidFilterError(place, f"{field} has no order; only metadata does.")
    if isinstance(value, str):
        value = _date(value, place)
    if isinstance(value, datetime):
        return Ordered(field, order, value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidFilterError(
            place, f"{order} compares numbers and dates, not {type(value).__name__}."
        )
    return Ordered(field, order, value)


def _date(value: str, place: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidFilterError(
            place, f"{value[:50]!r} is no date in ISO 8601; other texts have no order."
        ) from None


def one_of(field: Field, values: object, place: str) -> Either:
    """Return the condition that a field has one of the values.

    Raises:
        InvalidFilterError: they are no list, or too many.
    """
    if not isinstance(values, list):
        raise InvalidFilterError(place, f"a list is needed, not {type(values).__name__}.")
    if len(values) > MAX_VALUES:
        raise InvalidFilterError(place, f"{len(values)} values; at most {MAX_VALUES} are allowed.")
    return Either(tuple(equals(field, value, place) for value in values))
