"""Values in sentences that people read: why a row was refused, and what was found."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from neurocortex.quality.expectations import Expectation
from neurocortex.quality.report import Refusal

SHOWN_CHARS: Final = 80
"""Characters of a value that a reason shows: a long text must not hide the sentence."""


def shown(value: object) -> str:
    """Return a value as a reason quotes it."""
    if isinstance(value, tuple):
        return ", ".join(shown(each) for each in value)
    if is_null(value):
        return "empty"
    if isinstance(value, float | np.floating):
        return f"{value:.12g}"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"


def is_null(value: object) -> bool:
    """Whether it is one of pandas' missing values."""
    return value is None or value is pd.NaT or value is pd.NA or value != value


def refusals(
    frame: pd.DataFrame, expectation: Expectation, rows: list[int]
) -> Iterator[tuple[int, Refusal]]:
    """Yield rows that did not meet an expectation, with what they hold and what was expected."""
    name = ", ".join(expectation.columns)
    expected = expectation.note or f"expected {expectation.sentence}"
    for row, value in zip(rows, values_in(frame, expectation, rows), strict=True):
        yield int(row), Refusal(expectation.type, f"{name} is {shown(value)}: {expected}")


def values_in(frame: pd.DataFrame, expectation: Expectation, rows: list[int]) -> list[object]:
    """Return what the expectation's columns hold in those rows: a value, or a tuple of them."""
    if len(expectation.columns) == 1:
        return list(frame.loc[rows, expectation.columns[0]])
    return list(frame.loc[rows, list(expectation.columns)].itertuples(index=False, name=None))
