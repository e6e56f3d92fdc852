"""What needs all rows of a stream, with the rows on disk instead of in memory.

The columns that such expectations look at are spooled. What finds equal rows (keys, functional
dependencies) is judged in parts that hold all rows which may be equal; anything else sees its own
columns alone.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from neurocortex.quality import gate, own
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.own import Judged
from neurocortex.quality.report import SAMPLE, ExpectationResult, GateReport, Refusal
from neurocortex.quality.showing import refusals, shown, values_in
from neurocortex.quality.spool import Spool

KEYS: Final = frozenset(
    {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
)
DEPENDENCY: Final = "expect_column_list_to_determine_column"


class Whole:
    """The rows that expectations about all of them look at."""

    def __init__(self, suite: Suite) -> None:
        """Take the expectations: `Suite.by_table`."""
        self._suite = suite
        self._columns = sorted({name for each in suite.expectations for name in each.columns})
        self._rows = Spool()

    def add(self, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk, of which the columns that count are taken.

        Raises:
            ExpectationError: one is missing, or mixes values of several types.
        """
        gate.require_columns(frame, self._suite)
        self._rows.add(frame[self._columns])

    def drop(self, rows: Sequence[int]) -> None:
        """Forget rows, by their label."""
        self._rows.drop(rows)

    def rows(self, labels: Sequence[int]) -> pd.DataFrame:
        """Return rows by their label."""
        return self._rows.rows_of(labels)

    def evaluate(self) -> GateReport:
        """Check all rows. Raises what `gate.evaluate` raises."""
        results: list[ExpectationResult] = []
        failed: dict[int, tuple[Refusal, ...]] = {}
        for expectation in self._suite.expectations:
            report = self._judged(expectation)
            results += report.results
            for row, refused in report.failed_rows.items():
                failed[row] = failed.get(row, ()) + refused
        return GateReport(
            suite=self._suite.name,
            rows=self._rows.rows,
            results=tuple(results),
            failed_rows=failed,
        )

    def close(self) -> None:
        """Give the disk back."""
        self._rows.close()

    def _judged(self, expectation: Expectation) -> GateReport:
        columns = list(expectation.columns)
        if expectation.type in KEYS:
            parts = self._rows.parts(columns, columns)
            return self._found(expectation, (_repeated(part, expectation) for part in parts))
        if expectation.type == DEPENDENCY:
            parts = self._rows.parts(columns, columns[:-1])
            return self._found(expectation, (own.judge(part, expectation) for part in parts))
        one = self._suite.model_copy(update={"expectations": (expectation,)})
        return gate.evaluate(self._rows.read(columns), one)

    def _found(self, expectation: Expectation, parts: Iterator[Judged]) -> GateReport:
        evaluated, labels = 0, list[int]()
        for part in parts:
            evaluated += part.result.evaluated
            labels += part.rows
        labels.sort()
        shows = labels if expectation.severity is Severity.QUARANTINE else labels[:SAMPLE]
        frame = self.rows(shows)
        met = 1 - len(labels) / evaluated if evaluated else 1.0
        result = ExpectationResult(
            expectation=expectation,
            success=met >= expectation.mostly,
            evaluated=evaluated,
            unexpected=len(labels),
            sample=tuple(map(shown, values_in(frame, expectation, labels[:SAMPLE]))),
        )
        refused: Iterator[tuple[int, Refusal]] = iter(())
        if expectation.severity is Severity.QUARANTINE:
            refused = refusals(frame, expectation, labels)
        return GateReport(
            suite=self._suite.name,
            rows=evaluated,
            results=(result,),
            failed_rows={row: (refusal,) for row, refusal in refused},
        )


def _repeated(part: pd.DataFrame, expectation: Expectation) -> Judged:
    """Find the rows whose values are there more than once; those that lack one are not judged."""
    known = part.dropna()
    rows = [int(label) for label in known.index[known.duplicated(keep=False)]]
    result = ExpectationResult(
        expectation=expectation, success=not rows, evaluated=len(known), unexpected=len(rows)
    )
    return Judged(result, rows)
