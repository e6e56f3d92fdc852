"""The gate itself: a frame and a suite in, a report out."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from neurocortex.errors import ExpectationError
from neurocortex.quality import direct, own, references
from neurocortex.quality.catalogue import OWN
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.own import Judged
from neurocortex.quality.references import IN_TABLE, NoTables, Tables
from neurocortex.quality.report import GateReport
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
    judged: dict[int, Judged] = {}
    rest: list[Expectation] = []
    for place, expectation in enumerate(suite.expectations):
        found = _judged(frame, expectation, tables)
        if found is None:
            rest.append(expectation)
        else:
            judged[place] = found
    others = GateReport(suite=suite.name, rows=len(frame))
    if rest:
        # Great Expectations takes seconds to import: who only defines suites should not wait.
        from neurocortex.quality import engine

        others = engine.evaluate(frame, suite.model_copy(update={"expectations": tuple(rest)}))
    return _joined(frame, suite, judged, others)


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


def _judged(frame: pd.DataFrame, expectation: Expectation, tables: Tables) -> Judged | None:
    """Check what needs no Great Expectations; None for what does."""
    if expectation.type == IN_TABLE:
        return references.judge(frame, expectation, tables)
    if expectation.type in OWN:
        return own.judge(frame, expectation)
    return direct.judge(frame, expectation)


def _joined(
    frame: pd.DataFrame, suite: Suite, judged: Mapping[int, Judged], others: GateReport
) -> GateReport:
    """Put all results in the suite's order, and the reasons why each row was refused."""
    failed = dict(others.failed_rows)
    for found in judged.values():
        expectation = found.result.expectation
        if expectation.severity is Severity.QUARANTINE:
            for row, refusal in refusals(frame, expectation, found.rows):
                failed[row] = (*failed.get(row, ()), refusal)
    order = {each.type: place for place, each in reversed([*enumerate(suite.expectations)])}
    rest = iter(others.results)
    return GateReport(
        suite=suite.name,
        rows=len(frame),
        results=tuple(
            judged[place].result if place in judged else next(rest)
            for place in range(len(suite.expectations))
        ),
        failed_rows={
            row: tuple(sorted(refused, key=lambda each: order[each.rule]))
            for row, refused in failed.items()
        },
    )
