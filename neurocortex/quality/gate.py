"""The gate itself: a frame and a suite in, a report out."""

import pandas as pd

from neurocortex.quality.expectations import Suite
from neurocortex.quality.report import GateReport


def evaluate(frame: pd.DataFrame, suite: Suite) -> GateReport:
    """Check a frame against a suite.

    Args:
        frame: rows with an index of distinct integers: `failed_rows` speaks in its labels.
        suite: for a chunk of a stream `suite.by_row`, for all rows any.

    Raises:
        ExpectationError: a column is missing, or a parameter or a value cannot be used.
        ValueError: the index is not one of distinct integers.
    """
    if not suite.expectations:
        return GateReport(suite=suite.name, rows=len(frame))
    # Great Expectations takes seconds to import: who only defines suites should not wait for it.
    from neurocortex.quality import engine

    return engine.evaluate(frame, suite)


def check(suite: Suite) -> None:
    """Check that the suite's parameters have values Great Expectations accepts.

    Raises:
        ExpectationError: one does not.
    """
    if suite.expectations:
        from neurocortex.quality import engine

        for expectation in suite.expectations:
            engine.build(expectation)
