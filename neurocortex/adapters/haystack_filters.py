"""Haystack's filters as the Lake's.

https://docs.haystack.deepset.ai/docs/metadata-filtering: comparisons with `field`, `operator` and
`value`, joined by `AND`, `OR` and `NOT`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from haystack.errors import FilterError

from neurocortex.domain import filters
from neurocortex.domain.filters import (
    EVERYTHING,
    Attribute,
    Either,
    Every,
    Field,
    Filter,
    Not,
    Order,
)
from neurocortex.errors import InvalidFilterError

Written = Mapping[str, object]

META: Final = "meta."

ATTRIBUTES: Final = {"id": Attribute.ID, "content": Attribute.TEXT}


def read(written: Written | None) -> Filter:
    """Return the filter; everything, where none is given.

    Raises:
        FilterError: it cannot be read.
    """
    if not written:
        return EVERYTHING
    try:
        return _read(written, 0)
    except InvalidFilterError as error:
        raise FilterError(str(error)) from error


def _read(written: object, depth: int) -> Filter:
    if not isinstance(written, Mapping):
        raise FilterError(f"A filter is a dictionary, not {type(written).__name__}: {written!r}")
    if depth > filters.MAX_DEPTH:
        raise FilterError(f"Conditions are nested deeper than {filters.MAX_DEPTH}.")
    if "field" in written:
        return _comparison(written)
    conditions = _required(written, "conditions")
    if not isinstance(conditions, Sequence) or isinstance(conditions, str):
        raise FilterError(f"'conditions' must be a list in {written}")
    parts = tuple(_read(each, depth + 1) for each in conditions)
    match _required(written, "operator"):
        case "AND":
            return Every(parts)
        case "OR":
            return Either(parts)
        case "NOT":
            return Not(Every(parts))
        case other:
            raise FilterError(f"Unknown logical operator {other!r}; known: AND, OR, NOT.")


def _comparison(written: Written) -> Filter:
    name, operator = str(written["field"]), _required(written, "operator")
    value = _required(written, "value")
    compare = _OPERATORS.get(str(operator))
    if compare is None:
        known = ", ".join(_OPERATORS)
        raise FilterError(f"Unknown comparison operator {operator!r}; known: {known}.")
    return compare(field(name), value, name)


def field(name: str) -> Field:
    """Return what a field's name means, with `meta.` in front or without."""
    return ATTRIBUTES.get(name) or tuple(name.removeprefix(META).split("."))


def _required(written: Written, key: str) -> object:
    if key not in written:
        raise FilterError(f"{key!r} key missing in {written}")
    return written[key]


_Compare = Callable[[Field, object, str], Filter]


def _ordering(order: Order) -> _Compare:
    return lambda field, value, place: filters.ordered(field, order, value, place)


_OPERATORS: Final[Mapping[str, _Compare]] = {
    "==": filters.equals,
    "!=": lambda field, value, place: Not(filters.equals(field, value, place)),
    **{order.value: _ordering(order) for order in Order},
    "in": filters.one_of,
    "not in": lambda field, value, place: Not(filters.one_of(field, value, place)),
}
