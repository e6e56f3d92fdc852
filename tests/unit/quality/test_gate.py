"""What the gate says of a frame, for each kind of expectation and column."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pydantic import JsonValue

from neurocortex.errors import ExpectationError
from neurocortex.quality.expectations import Expectation, Severity, Suite
from neurocortex.quality.gate import check, evaluate
from neurocortex.quality.report import ExpectationResult, GateReport

DAYS = ["2019-01-01", "2019-01-02", None, "2020-01-01", "2021-01-01"]


def expect(name: str, severity: str = "quarantine", **kwargs: JsonValue) -> Expectation:
    return Expectation(type=f"expect_{name}", kwargs=kwargs, severity=Severity(severity))


def result_of(frame: pd.DataFrame, expectation: Expectation) -> ExpectationResult:
    return evaluate(frame, Suite(name="s", expectations=(expectation,))).results[0]


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [1.0, None, 3.0, -4.0, 5.0],
            "integer": pd.array([1, 2, None, 2, 5], dtype="Int64"),
            "text": pd.array(["a", "bb", None, "", "a"], dtype="str"),
            "flag": pd.array([True, False, None, True, True], dtype="boolean"),
            "day": pd.array(DAYS, dtype="datetime64[us]"),
            "moment": pd.array(DAYS, dtype="datetime64[us, UTC]"),
        },
        index=range(11, 16),
    )


def test_failed_rows_are_named_by_index_with_value_and_reason(frame: pd.DataFrame) -> None:
    suite = Suite(
        name="fares",
        expectations=(
            expect("column_values_to_be_between", column="number", min_value=0),
            Expectation(
                type="expect_column_values_to_not_be_null",
                kwargs={"column": "number"},
                note="a fare is known",
            ),
        ),
    )
    report = evaluate(frame, suite)
    assert (report.suite, report.rows, report.success, report.stopped) == ("fares", 5, False, False)
    assert set(report.failed_rows) == {12, 14}
    assert report.failed_rows[14][0] == (
        "expect_column_values_to_be_between",
        "number is -4: expected to be between (min_value 0)",
    )
    assert report.failed_rows[12][0].reason == "number is empty: a fare is known"
    between, known = report.results
    assert (between.evaluated, between.unexpected, between.percent) == (4, 1, 25.0)
    assert (between.sample, known.sample) == (("-4",), ("empty",))


@pytest.mark.parametrize(
    ("expectation", "unexpected"),
    [
        (expect("column_values_to_be_between", column="integer", min_value=2), 1),
        (expect("column_values_to_be_in_set", column="integer", value_set=[1, 2]), 1),
        (expect("column_values_to_be_in_set", column="flag", value_set=[True]), 1),
        (expect("column_values_to_match_regex", column="text", regex="^[a-z]+$"), 1),
        (expect("column_value_lengths_to_be_between", column="text", min_value=1), 1),
        (expect("column_values_to_be_unique", column="integer"), 2),
        (expect("column_values_to_be_between", column="day", max_value="2020-06-30"), 1),
        (expect("column_values_to_be_between", column="moment", max_value="2020-06-30"), 1),
        (expect("column_values_to_be_in_set", column="day", value_set=["2019-01-01"]), 3),
        (expect("column_pair_values_to_be_equal", column_A="integer", column_B="number"), 1),
        (expect("compound_columns_to_be_unique", column_list=["integer", "text"]), 0),
        (expect("column_values_to_be_increasing", column="day"), 0),
    ],
)
def test_every_column_type_is_judged_and_nulls_are_not(
    frame: pd.DataFrame, expectation: Expectation, unexpected: int
) -> None:
    result = result_of(frame, expectation)
    assert (result.unexpected, result.success) == (unexpected, not unexpected)


def test_an_aggregate_tells_what_it_found(frame: pd.DataFrame) -> None:
    mean = expect("column_mean_to_be_between", "stop", column="number", min_value=2)
    report = evaluate(frame, Suite(name="s", expectations=(mean,)))
    assert report.results[0].observed == "1.25"
    assert report.stoppers == report.results
    assert not report.failed_rows


def test_a_set_of_values_tells_what_is_too_much_and_what_is_missing(frame: pd.DataFrame) -> None:
    exactly = expect(
        "column_distinct_values_to_equal_set", "warn", column="text", value_set=["a", "bb", "c"]
    )
    result = result_of(frame, exactly)
    assert (result.sample, result.observed) == (("''",), "'c' is missing")


def test_a_figure_of_no_values_is_a_failure_not_an_error(frame: pd.DataFrame) -> None:
    latest = expect("column_max_to_be_between", "warn", column="day", min_value="2019-01-01")
    result = result_of(frame.iloc[:0], latest)
    assert (result.success, result.observed) == (False, "no values")


def test_no_rows_meet_every_expectation_about_rows(frame: pd.DataFrame) -> None:
    assert result_of(frame.iloc[:0], expect("column_values_to_be_unique", column="text")).success


def test_warnings_and_stops_set_no_rows_aside(frame: pd.DataFrame) -> None:
    suite = Suite(
        name="s",
        expectations=(
            expect("column_values_to_not_be_null", "warn", column="text"),
            expect("column_values_to_not_be_null", "stop", column="day"),
        ),
    )
    report = evaluate(frame, suite)
    assert report.stopped
    assert not report.failed_rows


def test_a_missing_column_is_named_with_the_expectation(frame: pd.DataFrame) -> None:
    with pytest.raises(ExpectationError, match=r"not_be_null: there is no column 'fare'"):
        result_of(frame, expect("column_values_to_not_be_null", column="fare"))


def test_a_comparison_that_cannot_be_made_names_the_column(frame: pd.DataFrame) -> None:
    with pytest.raises(ExpectationError, match="to_be_between: text: "):
        result_of(frame, expect("column_values_to_be_between", column="text", min_value=1))


def test_a_date_that_is_none_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ExpectationError, match="'soon' is no date"):
        result_of(frame, expect("column_values_to_be_between", column="day", min_value="soon"))


def test_check_refuses_a_parameter_of_the_wrong_type() -> None:
    wrong = expect("column_values_to_be_in_set", column="a", value_set="x")
    with pytest.raises(ExpectationError, match="value_set"):
        check(Suite(name="s", expectations=(wrong,)))


def test_rows_must_have_distinct_integer_labels(frame: pd.DataFrame) -> None:
    suite = Suite(name="s", expectations=(expect("column_values_to_be_null", column="day"),))
    with pytest.raises(ValueError, match="distinct integers"):
        evaluate(frame.set_index("text"), suite)
    with pytest.raises(ValueError, match="distinct integers"):
        evaluate(pd.concat([frame, frame]), suite)


def test_a_long_value_does_not_hide_the_reason() -> None:
    frame = pd.DataFrame({"text": ["x" * 1000]})
    report = evaluate(
        frame,
        Suite(
            name="s",
            expectations=(expect("column_value_lengths_to_equal", column="text", value=1),),
        ),
    )
    assert len(report.failed_rows[0][0].reason) < 150


def test_chunks_add_up_to_the_whole(frame: pd.DataFrame) -> None:
    suite = Suite(
        name="s",
        expectations=(
            expect("column_values_to_be_between", column="number", min_value=0),
            expect("column_values_to_not_be_null", "stop", column="text", mostly=0.8),
        ),
    )
    whole = evaluate(frame, suite)
    chunks = [evaluate(frame.iloc[start : start + 2], suite) for start in range(0, 5, 2)]
    assert any(chunk.stopped for chunk in chunks)
    merged = GateReport.merged(chunks)
    assert merged == whole
    assert not merged.stopped
    assert GateReport.model_validate_json(merged.model_dump_json()) == whole


def test_a_whole_table_expectation_takes_part_once(frame: pd.DataFrame) -> None:
    count = Suite(name="s", expectations=(expect("table_row_count_to_equal", "stop", value=5),))
    rows = Suite(name="s", expectations=(expect("column_values_to_be_null", column="text"),))
    merged = GateReport.merged([evaluate(frame, rows), evaluate(frame, count)])
    assert (merged.rows, len(merged.results)) == (5, 2)
    with pytest.raises(ValueError, match="judges all rows together"):
        GateReport.merged([evaluate(frame, count), evaluate(frame, count)])


def test_evaluating_writes_no_file_and_starts_no_thread(tmp_path: Path) -> None:
    code = """
import threading, pandas
from neurocortex.quality.expectations import Expectation, Suite
from neurocortex.quality.gate import evaluate
null = Expectation(type="expect_column_values_to_be_null", kwargs={"column": "a"})
evaluate(pandas.DataFrame({"a": [1]}), Suite(name="s", expectations=(null,)))
assert threading.active_count() == 1, threading.enumerate()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not list(tmp_path.iterdir())
    assert (done.stdout, done.stderr) == ("", "")
