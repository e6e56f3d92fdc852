"""A suite that cannot work is refused when it is written, with the remedy."""

import subprocess
import sys

import pytest
from pydantic import JsonValue, ValidationError

from neurocortex.quality.expectations import Expectation, Severity, Suite

BETWEEN = "expect_column_values_to_be_between"


def test_quarantine_is_the_default() -> None:
    expectation = Expectation(type=BETWEEN, kwargs={"column": "fare", "min_value": 0})
    assert expectation.severity is Severity.QUARANTINE
    assert expectation.columns == ("fare",)
    assert expectation.sentence == "to be between (min_value 0)"


@pytest.mark.parametrize(
    ("name", "kwargs", "severity", "message"),
    [
        ("expect_column_values_to_be_betwen", {}, "warn", "Did you mean " + BETWEEN),
        (BETWEEN, {"column": "fare", "minimum_value": 0}, "warn", "Did you mean min_value"),
        (BETWEEN, {"min_value": 0}, "warn", "needs the parameter 'column'"),
        (BETWEEN, {"column": 3}, "warn", "must be a column name"),
        (BETWEEN, {"column": "fare", "mostly": 2}, "warn", "a number from 0 to 1"),
        (BETWEEN, {"column": "fare", "mostly": 0.9}, "quarantine", "leave `mostly` out"),
        ("expect_compound_columns_to_be_unique", {"column_list": "a"}, "warn", "list of column"),
        ("expect_column_values_to_be_in_set", {"column": "a"}, "warn", "'value_set'"),
        ("expect_table_row_count_to_equal", {"value": 1}, "quarantine", "'stop' or 'warn'"),
        ("expect_column_mean_to_be_between", {"column": "a"}, "quarantine", "no rows to set aside"),
    ],
)
def test_an_expectation_that_cannot_work_is_refused(
    name: str, kwargs: dict[str, JsonValue], severity: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Expectation(type=name, kwargs=kwargs, severity=Severity(severity))


def test_a_suite_parts_into_rows_and_table() -> None:
    by_row = Expectation(type=BETWEEN, kwargs={"column": "a"})
    unique = Expectation(type="expect_column_values_to_be_unique", kwargs={"column": "a"})
    count = Expectation(
        type="expect_table_row_count_to_equal", kwargs={"value": 1}, severity=Severity.STOP
    )
    suite = Suite(name="s", expectations=(count, by_row, unique))
    assert suite.by_row.expectations == (by_row,)
    assert suite.by_table.expectations == (count, unique)


def test_defining_a_suite_does_not_import_great_expectations() -> None:
    code = (
        "import neurocortex.quality.gate, neurocortex.quality.report, sys;"
        "sys.exit('great_expectations' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
