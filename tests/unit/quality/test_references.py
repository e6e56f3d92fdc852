"""Values that have to be in another table: judged by whoever knows the tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pytest

from neurocortex.errors import ExpectationError
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.gate import check, evaluate
from neurocortex.quality.references import IN_TABLE, Reference
from neurocortex.quality.report import GateReport

KWARGS = {"column": "customer", "table": "customers", "table_column": "id"}


@dataclass(frozen=True)
class Known:
    """A table of one column."""

    values: frozenset[object]

    def missing(self, reference: Reference, values: Sequence[object]) -> Sequence[int]:
        assert reference == Reference("customer", "customers", "id")
        return [place for place, value in enumerate(values) if value not in self.values]


def suite(severity: Severity = Severity.QUARANTINE, **more: float) -> Suite:
    expectation = Expectation(type=IN_TABLE, kwargs={**KWARGS, **more}, severity=severity)
    return Suite(name="orders", expectations=(expectation,))


def test_rows_that_refer_to_nothing_are_refused_by_row_and_value() -> None:
    values = pd.Series([1, 9, None, 9, 2], dtype="Int64", index=range(5, 10))
    frame = values.to_frame("customer")
    report = evaluate(frame, suite(), Known(frozenset({1, 2})))
    assert set(report.failed_rows) == {6, 8}
    assert "customer is 9" in report.failed_rows[6][0].reason
    (result,) = report.results
    assert (result.evaluated, result.unexpected, result.sample) == (4, 2, ("9",))


def test_chunks_of_a_stream_add_up_and_a_share_may_be_wrong() -> None:
    known = Known(frozenset({"a"}))
    mostly = suite(Severity.STOP, mostly=0.7)
    chunks = [pd.DataFrame({"customer": each}) for each in (["a", "b"], ["a", "a"])]
    reports = [evaluate(each, mostly.by_row, known) for each in chunks]
    assert [each.success for each in reports] == [False, True]
    assert GateReport.merged(reports).success


def test_without_the_lake_it_says_what_to_do_unless_there_is_nothing_to_look_for() -> None:
    assert evaluate(pd.DataFrame({"customer": [None, None]}), suite()).success
    with pytest.raises(ExpectationError, match=r"customers.*neurocortex up"):
        evaluate(pd.DataFrame({"customer": [1]}), suite())


def test_a_name_that_is_no_text_is_refused() -> None:
    wrong = Expectation(type=IN_TABLE, kwargs={**KWARGS, "table": 7})
    with pytest.raises(ExpectationError, match="table is 7"):
        check(Suite(name="orders", expectations=(wrong,)))
