"""What needs all rows of a stream, with the rows on disk instead of in memory.

The columns that such expectations look at are spooled to a temporary database of SQLite, which has
no name: it is gone with the process, however that ends. What finds equal rows (keys, functional
dependencies) is asked of it in SQL, which sorts on disk; anything else sees its own columns alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from neurocortex.quality import gate
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.report import SAMPLE, ExpectationResult, GateReport, Refusal
from neurocortex.quality.showing import refusals, shown, values_in

CACHE_KB: Final = 16_384
"""Memory of the database."""

REPEATED: Final = """
SELECT rows.label FROM rows JOIN (
    SELECT {columns} FROM rows WHERE {known} GROUP BY {columns} HAVING count(*) > 1
) AS repeated USING ({columns}) ORDER BY rows.label
"""
"""Rows whose values are there more than once."""

ADD: Final = "INSERT INTO rows VALUES ({marks})"

READ: Final = "SELECT label{columns} FROM rows ORDER BY label"

COUNT: Final = "SELECT count(*) FROM rows WHERE {known}"

UNDETERMINED: Final = """
WITH pairs AS (
    SELECT {determinants}, {dependent}, count(*) AS times FROM rows WHERE {known}
    GROUP BY {determinants}, {dependent}
), mixed AS (
    SELECT {determinants}, sum(times) AS total FROM pairs
    GROUP BY {determinants} HAVING count(*) > 1
)
SELECT rows.label FROM rows
JOIN pairs USING ({determinants}, {dependent}) JOIN mixed USING ({determinants})
WHERE pairs.times * 2 <= mixed.total ORDER BY rows.label
"""
"""Rows that hold another value than most with the same determinant."""

KEYS: Final = frozenset(
    {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
)
DEPENDENCY: Final = "expect_column_list_to_determine_column"


class Whole:
    """The rows that expectations about all of them look at."""

    def __init__(self, suite: Suite) -> None:
        """Take the expectations: `Suite.by_table`."""
        named = {name for each in suite.expectations for name in each.columns}
        self._suite = suite
        self._places = {name: place for place, name in enumerate(sorted(named))}
        self._like: dict[str, pd.Series] = {}
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._rows.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        self._rows.execute("PRAGMA journal_mode = OFF")
        columns = "".join(f", c{place}" for place in self._places.values())
        self._rows.execute(f"CREATE TABLE rows (label INTEGER PRIMARY KEY{columns})")

    def add(self, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk, of which the columns that count are taken.

        Raises:
            ExpectationError: one is missing.
        """
        gate.require_columns(frame, self._suite)
        judged = frame[list(self._places)]
        self._like |= {str(name): judged[name].iloc[:0].copy() for name in judged.columns}
        values = [judged.index.tolist(), *(_plain(judged[name]) for name in self._places)]
        marks = ", ".join("?" * len(values))
        self._rows.execute("BEGIN")
        self._rows.executemany(ADD.format(marks=marks), zip(*values, strict=True))
        self._rows.execute("COMMIT")

    def drop(self, rows: Sequence[int]) -> None:
        """Forget rows, by their label."""
        labels = ((row,) for row in rows)
        self._rows.executemany("DELETE FROM rows WHERE label = ?", labels)

    def rows(self, labels: Sequence[int]) -> pd.DataFrame:
        """Return rows by their label."""
        found = (self._one(label) for label in labels)
        return self._framed([row for row in found if row is not None], list(self._places))

    def evaluate(self) -> GateReport:
        """Check all rows. Raises what `gate.evaluate` raises."""
        results: list[ExpectationResult] = []
        failed: dict[int, tuple[Refusal, ...]] = {}
        for expectation in self._suite.expectations:
            report = self._judged(expectation)
            results += report.results
            for row, refused in report.failed_rows.items():
                failed[row] = failed.get(row, ()) + refused
        (rows,) = self._rows.execute("SELECT count(*) FROM rows").fetchone()
        return GateReport(
            suite=self._suite.name, rows=rows, results=tuple(results), failed_rows=failed
        )

    def close(self) -> None:
        """Give the disk back."""
        self._rows.close()

    def _judged(self, expectation: Expectation) -> GateReport:
        if expectation.type in KEYS:
            return self._found(expectation, REPEATED.format(**self._names(expectation)))
        if expectation.type == DEPENDENCY:
            return self._found(expectation, UNDETERMINED.format(**self._names(expectation)))
        names = list(expectation.columns)
        columns = "".join(f", c{self._places[name]}" for name in names)
        rows = self._rows.execute(READ.format(columns=columns)).fetchall()
        one = self._suite.model_copy(update={"expectations": (expectation,)})
        return gate.evaluate(self._framed(rows, names), one)

    def _names(self, expectation: Expectation) -> dict[str, str]:
        """Return the parts of a statement. They are made of numbers: no name is quoted in SQL."""
        columns = [f"c{self._places[name]}" for name in expectation.columns]
        return {
            "columns": ", ".join(columns),
            "determinants": ", ".join(columns[:-1]),
            "dependent": columns[-1],
            "known": " AND ".join(f"{column} IS NOT NULL" for column in columns),
        }

    def _found(self, expectation: Expectation, statement: str) -> GateReport:
        labels = [label for (label,) in self._rows.execute(statement)]
        known = self._names(expectation)["known"]
        (evaluated,) = self._rows.execute(COUNT.format(known=known)).fetchone()
        sample = self.rows(labels[:SAMPLE])
        met = 1 - len(labels) / evaluated if evaluated else 1.0
        result = ExpectationResult(
            expectation=expectation,
            success=met >= expectation.mostly,
            evaluated=evaluated,
            unexpected=len(labels),
            sample=tuple(map(shown, values_in(sample, expectation, labels[:SAMPLE]))),
        )
        refused: Iterator[tuple[int, Refusal]] = iter(())
        if expectation.severity is Severity.QUARANTINE:
            refused = refusals(self.rows(labels), expectation, labels)
        return GateReport(
            suite=self._suite.name,
            rows=evaluated,
            results=(result,),
            failed_rows={row: (refusal,) for row, refusal in refused},
        )

    def _one(self, label: int) -> tuple[object, ...] | None:
        row: tuple[object, ...] | None = self._rows.execute(
            "SELECT * FROM rows WHERE label = ?", (label,)
        ).fetchone()
        return row

    def _framed(self, rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> pd.DataFrame:
        """Return rows of the database as they were, under their labels."""
        index = pd.Index([row[0] for row in rows], dtype="int64")
        return pd.DataFrame(
            {
                name: _typed([row[place] for row in rows], index, self._like[name])
                for place, name in enumerate(names, 1)
            },
            index=index,
        )


def _plain(values: pd.Series) -> list[object]:
    """Return a column's values as SQLite keeps them: times as microseconds since 1970."""
    missing = values.isna()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        naive = values.dt.tz_convert(None) if values.dt.tz is not None else values
        values = naive.astype("datetime64[us]").astype("int64")
    return values.astype(object).mask(missing, None).tolist()


def _typed(values: list[object], index: pd.Index, like: pd.Series) -> pd.Series:
    """Return values of SQLite as a column of the type of another."""
    if pd.api.types.is_datetime64_any_dtype(like):
        zone = like.dt.tz is not None
        moments = pd.to_datetime(pd.Series(values, index, dtype="Int64"), unit="us", utc=zone)
        return moments.astype(like.dtype)
    if pd.api.types.is_bool_dtype(like):
        values = [None if value is None else bool(value) for value in values]
    return pd.Series(values, index).astype(like.dtype)
