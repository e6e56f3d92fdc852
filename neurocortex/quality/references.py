"""References between tables: each value of a column is in a column of another table.

What SQL calls a foreign key, without the constraint: the gate judges the rows of a load, and the
other table may change afterwards. Whoever knows the tables answers; nothing here knows a database.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import pandas as pd

from neurocortex.errors import ExpectationError
from neurocortex.quality.expectations import Expectation
from neurocortex.quality.own import Judged
from neurocortex.quality.report import SAMPLE, ExpectationResult
from neurocortex.quality.showing import shown

IN_TABLE: Final = "expect_column_values_to_be_in_table"


class Reference(NamedTuple):
    """A column that takes its values from another table."""

    column: str
    table: str
    """In the schema of the datasets' tables."""
    table_column: str


class Tables(Protocol):
    """The tables that references point at."""

    def missing(self, reference: Reference, values: Sequence[object]) -> Sequence[int]:
        """Return the places of the values that the other column does not hold.

        Args:
            reference: the column, and where its values should be.
            values: distinct, none missing: Python's own types.

        Raises:
            ExpectationError: there is no such table or column, or its type cannot be compared.
        """
        ...


class NoTables:
    """Where no Lake is at hand: references to it cannot be judged."""

    def missing(self, reference: Reference, values: Sequence[object]) -> Sequence[int]:
        """Raise ExpectationError."""
        raise ExpectationError(
            IN_TABLE,
            f"the {len(values)} values of {reference.column} are to be looked for in the table"
            f" {reference.table}, and the Lake is not there: start it with `neurocortex up`.",
        )


def reference_of(expectation: Expectation) -> Reference:
    """Return what an expectation of the type IN_TABLE says.

    Raises:
        ExpectationError: a name is no text.
    """
    (column,) = expectation.columns
    names = {name: expectation.kwargs[name] for name in ("table", "table_column")}
    for name, value in names.items():
        if not isinstance(value, str) or not value:
            raise ExpectationError(expectation.type, f"{name} is {value!r}, it must be a name")
    return Reference(column, str(names["table"]), str(names["table_column"]))


def judge(frame: pd.DataFrame, expectation: Expectation, tables: Tables) -> Judged:
    """Check a frame against one expectation of the type IN_TABLE; missing values are not judged.

    Raises:
        ExpectationError: the other table cannot be looked at.
    """
    reference = reference_of(expectation)
    codes, known = pd.factorize(frame[reference.column], use_na_sentinel=True)
    values = _plain(pd.Series(known))
    places = tables.missing(reference, values) if values else ()
    rows = [int(label) for label in frame.index[pd.Series(codes).isin(places).to_numpy()]]
    evaluated = int((codes >= 0).sum())
    met = 1 - len(rows) / evaluated if evaluated else 1.0
    result = ExpectationResult(
        expectation=expectation,
        success=met >= expectation.mostly,
        evaluated=evaluated,
        unexpected=len(rows),
        sample=tuple(shown(values[place]) for place in places[:SAMPLE]),
    )
    return Judged(result, rows)


def _plain(values: pd.Series) -> list[object]:
    """Return values as Python's own."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return [value.to_pydatetime() for value in values]
    return list(values.tolist())
