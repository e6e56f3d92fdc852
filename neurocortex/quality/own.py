"""Expectations that Great Expectations does not have: dependencies between columns, and freshness.

A functional dependency is judged as data cleaning does: of the rows with one determinant, those
that differ from what most of them hold are wrong (Bohannon et al. 2007).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from neurocortex.errors import ExpectationError
from neurocortex.quality.dependencies import broken
from neurocortex.quality.expectations import Expectation
from neurocortex.quality.report import SAMPLE, ExpectationResult
from neurocortex.quality.showing import shown, values_in

SECONDS_PER_HOUR: Final = 3600


class Judged(NamedTuple):
    """How one expectation fared, and the rows that did not meet it."""

    result: ExpectationResult
    rows: list[int]


def judge(frame: pd.DataFrame, expectation: Expectation) -> Judged:
    """Check a frame against one expectation of `JUDGES`, which needs nothing but the frame.

    Raises:
        ExpectationError: a column is of a type that it says nothing about.
    """
    return JUDGES[expectation.type](frame, expectation)


def check(expectation: Expectation) -> None:
    """Check the values of its parameters.

    Raises:
        ExpectationError: one is not allowed.
    """
    hours = expectation.kwargs.get("max_age_hours", 1)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or hours <= 0:
        raise ExpectationError(
            expectation.type, f"max_age_hours is {hours!r}, it must be a number above 0"
        )


def _determined(frame: pd.DataFrame, expectation: Expectation) -> Judged:
    *determinants, dependent = expectation.columns
    known = frame[[*determinants, dependent]].notna().all(axis=1).to_numpy()
    left = frame.groupby(determinants, sort=False, dropna=False).ngroup().to_numpy(np.int64)
    right = pd.factorize(frame[dependent])[0].astype(np.int64)
    wrong = broken(np.where(known, left, -1), right)
    rows = [int(label) for label in frame.index[wrong]]
    evaluated = int(known.sum())
    met = 1 - len(rows) / evaluated if evaluated else 1.0
    sample = values_in(frame, expectation, rows[:SAMPLE])
    result = ExpectationResult(
        expectation=expectation,
        success=met >= expectation.mostly,
        evaluated=evaluated,
        unexpected=len(rows),
        sample=tuple(map(shown, sample)),
    )
    return Judged(result, rows)


def _recent(frame: pd.DataFrame, expectation: Expectation) -> Judged:
    (column,) = expectation.columns
    values = frame[column]
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise ExpectationError(expectation.type, f"{column} is no column of dates or times")
    newest = values.max()
    there = int(values.notna().sum())
    if not there:
        result = ExpectationResult(
            expectation=expectation, success=False, evaluated=0, unexpected=0, observed="no values"
        )
        return Judged(result, [])
    moment = newest.to_pydatetime()
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    hours = (datetime.now(UTC) - moment).total_seconds() / SECONDS_PER_HOUR
    result = ExpectationResult(
        expectation=expectation,
        success=hours <= float(str(expectation.kwargs["max_age_hours"])),
        evaluated=there,
        unexpected=0,
        observed=f"newest {newest}, {hours:.1f} hours old",
    )
    return Judged(result, [])


JUDGES: Final[Mapping[str, Callable[[pd.DataFrame, Expectation], Judged]]] = MappingProxyType(
    {
        "expect_column_list_to_determine_column": _determined,
        "expect_column_max_to_be_recent": _recent,
    }
)
"""By the expectation's name."""
