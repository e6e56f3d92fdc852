"""From text to types, strictly: a value that is not written as its type is refused, not bent.

A raw frame holds text or None in every cell; its index is the row's number in the source. What
`check_types` returns has the pandas types of `frames`.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from neurocortex.datasets.frames import dtype_of
from neurocortex.domain.columns import Column, ColumnType
from neurocortex.quality.report import Refusal

Refusals = dict[int, tuple[Refusal, ...]]
"""Why rows were refused, by index label."""

WRONG_TYPE: Final = "wrong_type"
MISSING_VALUE: Final = "missing_value"
SHOWN_CHARS: Final = 80

INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}

Scalar = int | float | str | bool | date | datetime
Parse = Callable[[str], Scalar]
"""Reads one value; raises ValueError with the reason."""


def check_types(raw: pd.DataFrame, columns: Iterable[Column]) -> tuple[pd.DataFrame, Refusals]:
    """Read every value as its column's type.

    Returns:
        The rows in which every value could be read, and why the others were refused: each row's
        reasons in the order of the columns, under `wrong_type` or `missing_value`.
    """
    typed: dict[str, list[Scalar | None]] = {}
    refused: Refusals = {}
    rows = raw.index.tolist()
    columns = tuple(columns)
    for column in columns:
        values, problems = read_values(raw[column.name].tolist(), column)
        typed[column.name] = values
        for place, refusal in problems.items():
            refused[rows[place]] = (*refused.get(rows[place], ()), refusal)
    return _framed(typed, columns, rows, refused), refused


def read_values(
    texts: list[str | None], column: Column
) -> tuple[list[Scalar | None], dict[int, Refusal]]:
    """Read a column's values; what could not be read is None and has a refusal by its place."""
    parse = parser(column)
    read: dict[str | None, Scalar | None] = {None: None}
    problems: dict[str | None, Refusal] = {}
    for text in set(texts):  # most columns repeat their values
        if text is None:
            if not column.nullable:
                reason = f"{column.name} is empty, but it must have a value"
                problems[text] = Refusal(MISSING_VALUE, reason)
            continue
        try:
            read[text] = parse(text)
        except ValueError as problem:
            reason = f"{column.name} is {_shown(text)}: {problem}"
            problems[text] = Refusal(WRONG_TYPE, reason)
    values = [read.get(text) for text in texts]
    if not problems:
        return values, {}
    return values, {place: problems[text] for place, text in enumerate(texts) if text in problems}


def parser(column: Column) -> Parse:
    """Return what reads one value of the column."""
    match column.type:
        case ColumnType.INTEGER:
            return _integer
        case ColumnType.NUMBER:
            return _number
        case ColumnType.BOOLEAN:
            return _boolean
        case ColumnType.DATE:
            return partial(_date, form=column.format)
        case ColumnType.TIMESTAMP:
            zone = ZoneInfo(column.timezone) if column.timezone else None
            return partial(_timestamp, form=column.format, zone=zone)
        case ColumnType.TEXT:
            return _text


def _framed(
    typed: Mapping[str, list[Scalar | None]],
    columns: Iterable[Column],
    rows: list[int],
    refused: Refusals,
) -> pd.DataFrame:
    series = {
        column.name: pd.Series(typed[column.name], index=rows, dtype=dtype_of(column))
        for column in columns
    }
    frame = pd.DataFrame(series, index=pd.Index(rows, dtype="int64"))
    return frame.drop(index=list(refused)) if refused else frame


def _integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise ValueError("not a whole number")
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError("a whole number beyond 64 bits")
    return value


def _number(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise ValueError("not a number")
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number too large for 64 bits")
    return value


def _boolean(text: str) -> bool:
    try:
        return BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("neither true nor false") from None


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("text with a NUL character, which PostgreSQL cannot hold")
    return text


def _date(text: str, form: str | None) -> date:
    if form is not None:
        return _by_format(text, form).date()
    if not DATE.fullmatch(text):
        raise ValueError("not a date like 2019-01-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("not a day of the calendar") from None


def _timestamp(text: str, form: str | None, zone: ZoneInfo | None) -> datetime:
    if form is not None:
        moment = _by_format(text, form)
    elif not TIMESTAMP.fullmatch(text):
        raise ValueError("not a time like 2019-01-31 23:59:59")
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("not a day and time of the calendar") from None
    if zone is None:
        if moment.tzinfo is not None:
            raise ValueError("it has an offset from UTC, but its column has no timezone")
        return moment
    return _in_utc(moment, zone)


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is None:
        local = moment.replace(tzinfo=zone)
        back = local.astimezone(UTC).astimezone(zone)
        if back.replace(tzinfo=None) != moment:
            raise ValueError(f"no clock in {zone.key} showed that time: it was put forward")
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            raise ValueError(f"clocks in {zone.key} showed that time twice: add an offset")
        moment = local
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999") from None


def _by_format(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the column says if there is a zone
    except ValueError:
        raise ValueError(f"not written as {form}") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…")
