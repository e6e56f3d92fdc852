"""Expectations that were learned, each with the reason for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.expectations import Expectation, Severity
from neurocortex.quality.profile import ColumnProfile

ENOUGH: Final = 20
"""Values below which nothing is learned of a column."""

RARE: Final = 0.005
"""Share of values below which something is a mistake, not a use."""

MANY: Final = 0.1
"""Share of values written in another way from which a transform must put them right: to set so
many rows aside would help nobody."""

_OF_ANY_TYPE: Final = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_unique",
        "expect_column_proportion_of_non_null_values_to_be_between",
    }
)


class Basis(StrEnum):
    """What an expectation looks at."""

    WRITING = "writing"
    """How a value is written: at text, before it is read as a type."""
    MEANING = "meaning"
    """The value itself, read as its column's type."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An expectation, and why."""

    expectation: Expectation
    why: str
    column: str
    """Whose cell is wrong where it is not met; empty: it is about the table."""
    basis: Basis = Basis.MEANING
    numeric: bool = False
    """It needs numbers or times: a column of text has none."""


def of_writing(
    column: ColumnProfile, kind: str, kwargs: Mapping[str, object], why: str
) -> Proposal:
    """Return a proposal about how a column's values are written."""
    odd = sum(column.others.values())
    severity = Severity.WARN if odd > MANY * column.values else Severity.QUARANTINE
    expectation = Expectation.model_validate(
        {"type": kind, "kwargs": {"column": column.name, **kwargs}, "severity": severity}
    )
    return Proposal(expectation, why, column.name, Basis.WRITING)


def of_meaning(
    column: ColumnProfile,
    kind: str,
    kwargs: Mapping[str, object],
    why: str,
    severity: Severity = Severity.QUARANTINE,
) -> Proposal:
    """Return a proposal about a column's values."""
    expectation = Expectation.model_validate(
        {"type": kind, "kwargs": {"column": column.name, **kwargs}, "severity": severity}
    )
    numeric = column.type is not ColumnType.TEXT and kind not in _OF_ANY_TYPE
    return Proposal(expectation, why, column.name, numeric=numeric)
