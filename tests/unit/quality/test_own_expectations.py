"""Expectations that Great Expectations does not have: dependencies and freshness."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from neurocortex.errors import ExpectationError
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.gate import check, evaluate

DETERMINES = Expectation(
    type="expect_column_list_to_determine_column",
    kwargs={"column_list": ["brewery"], "column": "city"},
)
FRESH = Expectation(
    type="expect_column_max_to_be_recent",
    kwargs={"column": "at", "max_age_hours": 24},
    severity=Severity.STOP,
)


def test_who_differs_from_the_majority_breaks_a_dependency() -> None:
    frame = pd.DataFrame(
        {
            "brewery": [1, 1, 1, 2, 2, 3, None],
            "city": ["Bend", "Bend", "Bend OR", "Gary", None, "Troy", "Nowhere"],
        },
        index=range(10, 17),
    )
    report = evaluate(frame, Suite(name="beers", expectations=(DETERMINES,)))
    assert set(report.failed_rows) == {12}
    (result,) = report.results
    assert (result.evaluated, result.unexpected, result.sample) == (5, 1, ("1, 'Bend OR'",))


def test_without_a_majority_all_rows_of_a_group_are_wrong() -> None:
    frame = pd.DataFrame({"brewery": [1, 1, 2], "city": ["Bend", "Gary", "Troy"]})
    report = evaluate(frame, Suite(name="beers", expectations=(DETERMINES,)))
    assert set(report.failed_rows) == {0, 1}


def test_several_columns_determine_together() -> None:
    frame = pd.DataFrame({"a": [1, 1, 1], "b": [1, 2, 2], "c": ["x", "y", "y"]})
    together = Expectation(
        type="expect_column_list_to_determine_column",
        kwargs={"column_list": ["a", "b"], "column": "c"},
    )
    assert evaluate(frame, Suite(name="s", expectations=(together,))).success


@pytest.mark.parametrize(("hours", "is_met"), [(1, True), (30, False)])
def test_data_is_fresh_while_its_newest_row_is_young(hours: int, is_met: bool) -> None:
    newest = datetime.now(UTC) - timedelta(hours=hours)
    frame = pd.DataFrame({"at": [newest, newest - timedelta(days=9), None]})
    report = evaluate(frame, Suite(name="s", expectations=(FRESH,)))
    assert report.success is is_met
    assert "hours old" in report.results[0].observed


def test_no_data_is_not_fresh() -> None:
    frame = pd.DataFrame({"at": pd.Series([], dtype="datetime64[us]")})
    report = evaluate(frame, Suite(name="s", expectations=(FRESH,)))
    assert report.stopped
    assert report.results[0].observed == "no values"


def test_freshness_of_words_cannot_be_judged() -> None:
    frame = pd.DataFrame({"at": ["yesterday"]})
    with pytest.raises(ExpectationError, match="no column of dates"):
        evaluate(frame, Suite(name="s", expectations=(FRESH,)))


def test_an_age_must_be_positive() -> None:
    wrong = FRESH.model_copy(update={"kwargs": {"column": "at", "max_age_hours": 0}})
    with pytest.raises(ExpectationError, match="above 0"):
        check(Suite(name="s", expectations=(wrong,)))


def test_results_of_both_kinds_keep_the_order_of_the_suite() -> None:
    known = Expectation(type="expect_column_values_to_not_be_null", kwargs={"column": "city"})
    frame = pd.DataFrame({"brewery": [1, 1, 1], "city": ["Bend", "Bend", None]})
    suite = Suite(name="s", expectations=(DETERMINES, known, DETERMINES))
    report = evaluate(frame, suite)
    assert [each.expectation for each in report.results] == list(suite.expectations)
    assert set(report.failed_rows) == {2}
