"""What a cast does to one value, by the type it has and the type it gets."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Final

from neurocortex.datasets.parsing import Scalar, parser
from neurocortex.domain.columns import Column, ColumnType

Convert = Callable[[Scalar], Scalar]
"""Returns the value as the other type; raises ValueError where it has no equal there."""


def _fraction(value: Scalar) -> float:
    return float(str(value))


def _bit(value: Scalar) -> int:
    return int(value is True)


def _whole(value: Scalar) -> int:
    if not isinstance(value, float) or not value.is_integer() or abs(value) >= 2.0**63:
        raise ValueError("not a whole number of 64 bits")
    return int(value)


def _truth(value: Scalar) -> bool:
    if value not in {0, 1}:
        raise ValueError("neither 0 nor 1")
    return bool(value)


def _day(value: Scalar) -> date:
    if not isinstance(value, datetime):
        raise ValueError("not a time")
    return value.date()


def _written(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(value: Scalar, kind: ColumnType) -> Scalar:
    return parser(Column(name="value", type=kind))(str(value))


CONVERSIONS: Final[Mapping[tuple[ColumnType, ColumnType], Convert]] = {
    (ColumnType.INTEGER, ColumnType.NUMBER): _fraction,
    (ColumnType.INTEGER, ColumnType.BOOLEAN): _truth,
    (ColumnType.NUMBER, ColumnType.INTEGER): _whole,
    (ColumnType.BOOLEAN, ColumnType.INTEGER): _bit,
    (ColumnType.TIMESTAMP, ColumnType.DATE): _day,
    **{(kind, ColumnType.TEXT): _written for kind in ColumnType if kind is not ColumnType.TEXT},
    **{
        (ColumnType.TEXT, kind): partial(_read, kind=kind)
        for kind in ColumnType
        if kind is not ColumnType.TEXT
    },
}
"""A conversion that is not here has no clear meaning."""
