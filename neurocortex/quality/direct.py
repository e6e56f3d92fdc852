"""Expectations that are one expression of pandas, without Great Expectations around it.

Great Expectations builds and resolves a graph of metrics for each validation, and hashes the frame:
for a chunk of a stream that takes several times as long as the comparison itself. These are judged
by the very expressions that its metrics for pandas have, on columns of the types named here; the
engine judges the same expectations on all others, and says what is wrong with a parameter.
`tests/unit/quality/test_direct.py` holds the verdicts against the engine's.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from neurocortex.quality.expectations import Expectation
from neurocortex.quality.own import Judged
from neurocortex.quality.report import SAMPLE, ExpectationResult
from neurocortex.quality.showing import shown, values_in

NUMBERS: Final = ("int64", "float64")
"""Types of columns that are compared with numbers."""
WHOLE_NUMBERS: Final = "Int64"
"""The type of whole numbers of which some are missing."""

Met = Callable[[pd.DataFrame, Expectation], "pd.Series | None"]
"""Tells of each judged row whether it meets the expectation; None: the engine has to say."""


def judge(frame: pd.DataFrame, expectation: Expectation) -> Judged | None:
    """Check a frame against one expectation; None where Great Expectations has to."""
    rule = RULES.get(expectation.type)
    met = rule(frame, expectation) if rule else None
    if met is None:
        return None
    rows = [int(label) for label in met.index[~met.to_numpy(dtype=bool)]]
    share = 1 - len(rows) / len(met) if len(met) else 1.0
    result = ExpectationResult(
        expectation=expectation,
        success=share >= expectation.mostly,
        evaluated=len(met),
        unexpected=len(rows),
        sample=tuple(map(shown, values_in(frame, expectation, rows[:SAMPLE]))),
    )
    return Judged(result, rows)


def _there(frame: pd.DataFrame, expectation: Expectation) -> pd.Series:
    return frame[expectation.columns[0]].notna()


def _missing(frame: pd.DataFrame, expectation: Expectation) -> pd.Series:
    return frame[expectation.columns[0]].isna()


def _between(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    values = _numbers(frame[expectation.columns[0]])
    low, high = expectation.kwargs.get("min_value"), expectation.kwargs.get("max_value")
    if values is None or not (_is_bound(low) and _is_bound(high)) or low is high is None:
        return None
    if values.dtype == "int64" and not all(isinstance(each, int | None) for each in (low, high)):
        return None  # beyond 2^53 they would be compared as floats
    met = pd.Series(data=True, index=values.index)
    if isinstance(low, int | float):
        met &= values > low if expectation.kwargs.get("strict_min") else values >= low
    if isinstance(high, int | float):
        if isinstance(low, int | float) and low > high:
            return None
        met &= values < high if expectation.kwargs.get("strict_max") else values <= high
    return met


def _in_set(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    values = frame[expectation.columns[0]].dropna()
    wanted = expectation.kwargs["value_set"]
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or not isinstance(wanted, list):
        return None
    found: pd.Series = values.isin(wanted)
    return found


def _not_in_set(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    found = _in_set(frame, expectation)
    return None if found is None else ~found


def _matching(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    values = frame[expectation.columns[0]].dropna()
    regex = expectation.kwargs["regex"]
    if not isinstance(regex, str) or not _is_text(values.dtype) or not _is_plain(regex):
        return None
    found: pd.Series = values.astype(str).str.contains(regex)
    return found


def _not_matching(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    found = _matching(frame, expectation)
    return None if found is None else ~found


def _greater(frame: pd.DataFrame, expectation: Expectation) -> pd.Series | None:
    both = frame[list(expectation.columns)].dropna()
    left, right = (_numbers(both[name]) for name in expectation.columns)
    if left is None or right is None or left.dtype != right.dtype:
        return None
    return left >= right if expectation.kwargs.get("or_equal") else left > right


def _numbers(values: pd.Series) -> pd.Series | None:
    """Return the values of a column that are there, as numpy's numbers; None of another type."""
    there = values.dropna()
    if str(there.dtype) == WHOLE_NUMBERS:
        return there.astype("int64")
    return there if str(there.dtype) in NUMBERS else None


def _is_bound(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_text(dtype: object) -> bool:
    return isinstance(dtype, pd.StringDtype)


def _is_plain(regex: str) -> bool:
    """Whether it is one, without groups, of which pandas warns."""
    try:
        return re.compile(regex).groups == 0
    except re.error:
        return False


RULES: Final[Mapping[str, Met]] = MappingProxyType(
    {
        "expect_column_values_to_not_be_null": _there,
        "expect_column_values_to_be_null": _missing,
        "expect_column_values_to_be_between": _between,
        "expect_column_values_to_be_in_set": _in_set,
        "expect_column_values_to_not_be_in_set": _not_in_set,
        "expect_column_values_to_match_regex": _matching,
        "expect_column_values_to_not_match_regex": _not_matching,
        "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    }
)
"""By the expectation's name."""
