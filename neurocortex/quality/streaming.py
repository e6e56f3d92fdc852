"""A gate over a stream of chunks: memory holds one of them, however long the stream."""

from collections.abc import Iterable
from contextlib import closing

import pandas as pd

from neurocortex.quality import gate
from neurocortex.quality.expectations import Suite
from neurocortex.quality.report import GateReport
from neurocortex.quality.whole import Whole


def evaluate_chunks(chunks: Iterable[pd.DataFrame], suite: Suite) -> GateReport:
    """Check a stream against a suite.

    Args:
        chunks: frames of the same columns and types; their indexes hold integers that are distinct
            throughout.
        suite: any; expectations about all rows see those of every chunk.

    Returns:
        The figures, without `failed_rows`.

    Raises:
        ExpectationError: a column is missing, or a parameter or a value cannot be used.
    """
    by_row, by_table = suite.by_row, suite.by_table
    report: GateReport | None = None
    with closing(Whole(by_table)) as whole:
        for chunk in chunks:
            found = gate.evaluate(chunk, by_row).without_rows()
            report = found if report is None else GateReport.merged([report, found])
            if by_table.expectations:
                whole.add(chunk)
        if report is None:
            return GateReport(suite=suite.name, rows=0)
        if not by_table.expectations:
            return report
        return GateReport.merged([report, whole.evaluate().without_rows()])
