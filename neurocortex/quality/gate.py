"""The gate itself: a frame and a suite in, a report out."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from neurocortex.errors import ExpectationError
from neurocortex.quality import own, references
from neurocortex.quality.catalogue import OWN
from neurocortex.quality.expectations import Severity, Suite
from neurocortex.quality.references import IN_TABLE, NoTables, Tables
from neurocortex.quality.report import ExpectationResult, GateReport, Refusal
from neurocortex.quality.showing import refusals

NO_TABLES: Final = NoTables()


def evaluate(frame: pd.DataFrame, suite: Suite, tables: Tables = NO_TABLES) -> GateReport:
    """Check a frame against a suite.

    Args:
        frame: rows with an index of distinct integers: `failed_rows` speaks in its labels.
        suite: for a chunk of a stream `suite.by_row`, for all rows any.
        tables: where references to other tables are looked up.

    Raises:
        ExpectationError: a column or a table is missing, or a parameter or a value cannot be used.
        ValueError: the index is not one of distinct integers.
    """
    if not suite.expectations:
        return GateReport(suite=suite.name, rows=len(frame))
    if not pd.api.types.is_integer_dtype(frame.index.dtype) or not frame.index.is_unique:
        raise ValueError("The frame's index must hold distinct integers: they name its rows.")
    require_columns(frame, suite)
    ours = tuple(each for each in suite.expectations if each.type in OWN)
    theirs = tuple(each for each in suite.expectations if each.type not in OWN)
    reports: dict[bool, GateReport] = {}
    if theirs:
        # Great Expectations takes seconds to import: who only defines suites should not wait.
        from neurocortex.quality import engine

        reports[False] = engine.evaluate(frame, suite.model_copy(update={"expectations": theirs}))
    if ours:
        reports[True] = _of_ours(frame, suite.model_copy(update={"expectations": ours}), tables)
    return _in_order(suite, len(frame), reports)


def require_columns(frame: pd.DataFrame, suite: Suite) -> None:
    """Check that a frame has the columns that a suite is about.

    Raises:
        ExpectationError: it lacks one.
    """
    for expectation in suite.expectations:
        for column in expectation.columns:
            if column not in frame.columns:
                raise ExpectationError(expectation.type, f"there is no column {column!r}")


def check(suite: Suite) -> None:
    """Check that the suite's parameters have values that can be used.

    Raises:
        ExpectationError: one cannot.
    """
    for expectation in suite.expectations:
        if expectation.type == IN_TABLE:
            references.reference_of(expectation)
            continue
        if expectation.type in OWN:
            own.check(expectation)
            continue
        from neurocortex.quality import engine

        engine.build(expectation)


def _of_ours(frame: pd.DataFrame, suite: Suite, tables: Tables) -> GateReport:
    results: list[ExpectationResult] = []
    failed: dict[int, tuple[Refusal, ...]] = {}
    for expectation in suite.expectations:
        if expectation.type == IN_TABLE:
            result, rows = references.judge(frame, expectation, tables)
        else:
            result, rows = own.judge(frame, expectation)
        results.append(result)
        if expectation.severity is Severity.QUARANTINE:
            for row, refusal in refusals(frame, expectation, rows):
                failed[row] = (*failed.get(row, ()), refusal)
    return GateReport(suite=suite.name, rows=len(frame), results=tuple(results), failed_rows=failed)


def _in_order(suite: Suite, rows: int, reports: Mapping[bool, GateReport]) -> GateReport:
    """Put the results of both kinds, ours under True, in the suite's order."""
    results = {kind: iter(report.results) for kind, report in reports.items()}
    failed: dict[int, tuple[Refusal, ...]] = {}
    for report in reports.values():
        for row, refused in report.failed_rows.items():
            failed[row] = failed.get(row, ()) + refused
    return GateReport(
        suite=suite.name,
        rows=rows,
        results=tuple(next(results[each.type in OWN]) for each in suite.expectations),
        failed_rows=failed,
    )
