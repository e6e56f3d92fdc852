"""What a table looked like once: frozen values, small enough to be kept for each load."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.shapes import Form

PERCENTILES: Final = (0, 1, 5, *range(10, 91, 10), 95, 99, 100)
"""Those that a profile keeps of a column of numbers or times."""

MAX_CATEGORIES: Final = 100
"""A column with more different values has no categories."""


class ColumnProfile(BaseModel):
    """One column."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: ColumnType
    """What most of its values can be read as."""
    form: Form
    """How most of them are written."""
    pattern: str = ""
    """Regular expression of the values that are written as they should be; none: anything may."""
    others: Mapping[str, int] = {}
    """Values written in another way than `form`, by the form's name."""
    values: int
    """Values that are there, those that only stand for a missing one left out."""
    missing: int
    spelled: Mapping[str, int] = {}
    """Of the missing ones those that are spelled out, e.g. N/A."""
    distinct: int
    once: int
    """Values that are there a single time."""
    categories: Mapping[str, int] = {}
    """The values with their counts, where there are few; not kept of hidden columns."""
    quantiles: tuple[float, ...] = ()
    """At `PERCENTILES`; times as seconds since 1970. Not kept of hidden columns."""

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value, 0 to 1."""
        rows = self.values + self.missing
        return self.missing / rows if rows else 0.0


class TableProfile(BaseModel):
    """A table, or a sample of one."""

    model_config = ConfigDict(frozen=True)

    name: str
    rows: int
    """Rows of the table."""
    sampled: int
    """Rows that were looked at."""
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """Return a column's profile.

        Raises:
            KeyError: there is no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
