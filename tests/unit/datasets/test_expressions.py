"""Expressions: what they compute, and that nothing but arithmetic gets through."""

import math
from contextlib import suppress
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.datasets.calculation import Calculation
from neurocortex.datasets.expressions import MAX_CHARS, operands, parse
from neurocortex.datasets.frames import dtype_of
from neurocortex.domain.columns import Column, ColumnType

COLUMNS = (
    Column(name="i", type=ColumnType.INTEGER),
    Column(name="j", type=ColumnType.INTEGER, nullable=True),
    Column(name="x", type=ColumnType.NUMBER),
    Column(name="t", type=ColumnType.TEXT),
    Column(name="b", type=ColumnType.BOOLEAN),
    Column(name="d", type=ColumnType.DATE),
    Column(name="ts", type=ColumnType.TIMESTAMP),
    Column(name="tz", type=ColumnType.TIMESTAMP, timezone="Europe/Berlin"),
)
ROW = {
    "i": 7,
    "j": 2,
    "x": 0.5,
    "t": "ab",
    "b": True,
    "d": date(2024, 3, 1),
    "ts": datetime.fromisoformat("2024-03-01T12:00:00"),
    "tz": pd.Timestamp("2024-03-01 11:00", tz="UTC"),
}


def frame_of(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            column.name: pd.Series([row[column.name] for row in rows], dtype=dtype_of(column))
            for column in COLUMNS
        }
    )


def compute(text: str, **changed: object) -> object:
    calculation = Calculation(frame_of({**ROW, **changed}))
    value = calculation.values(parse(text, COLUMNS)).iloc[0]
    if calculation.refused:
        return calculation.refused[0]
    return None if pd.isna(value) else value


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("i + j * 2", ColumnType.INTEGER, 11),
        ("-(i - j)", ColumnType.INTEGER, -5),
        ("i / j", ColumnType.NUMBER, 3.5),
        ("i // j", ColumnType.INTEGER, 3),
        ("i % j", ColumnType.INTEGER, 1),
        ("i * x", ColumnType.NUMBER, 3.5),
        ("t + '-' + t", ColumnType.TEXT, "ab-ab"),
        ("1 < j <= 2 and not i == 8", ColumnType.BOOLEAN, True),
        ("i > 100 or t == 'ab'", ColumnType.BOOLEAN, True),
        ("b == False", ColumnType.BOOLEAN, False),
        ("d - d", ColumnType.INTEGER, 0),
        ("d >= '2024-02-29'", ColumnType.BOOLEAN, True),
        ("(ts - ts) / 60", ColumnType.NUMBER, 0.0),
        ("ts < '2024-03-01T12:00:01'", ColumnType.BOOLEAN, True),
        ("tz == '2024-03-01 12:00'", ColumnType.BOOLEAN, True),
        ("tz == '2024-03-01T11:00:00+00:00'", ColumnType.BOOLEAN, True),
        ("3", ColumnType.INTEGER, 3),
    ],
)
def test_an_expression_has_a_type_and_a_value(
    text: str, kind: ColumnType, expected: object
) -> None:
    assert parse(text, COLUMNS).type is kind
    assert compute(text) == expected


@pytest.mark.parametrize("text", ["i + j", "i / j", "j > 1", "j == j", "not j > 1", "j * x"])
def test_what_a_missing_value_takes_part_in_is_missing(text: str) -> None:
    assert compute(text, j=None) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("i / j", "division by zero"),
        ("i // j", "division by zero"),
        ("x % j", "division by zero"),
        ("i * 9223372036854775807", "does not fit 64 bits"),
        ("x * 1e308 * 1e308", "too large"),
    ],
)
def test_what_has_no_result_is_refused_and_not_bent(text: str, reason: str) -> None:
    assert reason in str(compute(text, j=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("i +", "cannot be read"),
        ("k + 1", "no column 'k'"),
        ("ii + 1", "Did you mean 'i'"),
        ("t + 1", "text [+] integer has no meaning"),
        ("t * 1000000000", "has no meaning"),
        ("d + d", "has no meaning"),
        ("t < 1", "cannot be compared"),
        ("b < b", "have no order"),
        ("d > 'soon'", "is no date"),
        ("ts > tz", "timezone on one side"),
        ("ts - tz", "timezone on one side"),
        ("i and b", "needs true or false"),
        ("-t", "needs a number"),
        ("not i", "needs true or false"),
        ("t in 'abc'", "compare"),
        ("10 ** 10", "is not allowed"),
        ("i if b else j", "is not allowed"),
        ("__import__('os').system('true')", "is not allowed"),
        ("t.__class__", "is not allowed"),
        ("[x for x in t]", "is not allowed"),
        ("(lambda: i)()", "is not allowed"),
        ("f'{t}'", "is not allowed"),
        ("i := 3", "cannot be read"),
        ("None", "is not allowed"),
        ("1j", "is not allowed"),
        ("99999999999999999999", "is not allowed"),
        ("i" + " + i" * MAX_CHARS, "longer than"),
    ],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text, COLUMNS)


def test_the_deepest_expression_allowed_is_computed() -> None:
    assert compute("-" * (MAX_CHARS - 1) + "i") in {7, -7}


def test_operands_are_the_columns_named() -> None:
    assert {column.name for column in operands(parse("i + x > j", COLUMNS))} == {"i", "x", "j"}


small = st.integers(-1000, 1000)


@given(
    st.recursive(
        st.sampled_from(["i", "j", "3", "0"]),
        lambda inner: st.builds(
            lambda left, sign, right: f"({left} {sign} {right})",
            inner,
            st.sampled_from(["+", "-", "*", "//", "%", "/"]),
            inner,
        ),
        max_leaves=6,
    ),
    small,
    small,
)
def test_arithmetic_agrees_with_python(text: str, i: int, j: int) -> None:
    try:
        expected = eval(text, {"__builtins__": {}}, {"i": i, "j": j})  # noqa: S307 - our own text
    except ZeroDivisionError:
        assert compute(text, i=i, j=j) == "division by zero"
        return
    assert math.isclose(float(str(compute(text, i=i, j=j))), expected, rel_tol=1e-9, abs_tol=1e-6)


@given(st.text(max_size=60))
def test_no_text_does_more_than_raise_value_error(text: str) -> None:
    with suppress(ValueError):
        parse(text, COLUMNS)
