"""Values are read strictly: what is not written as its type is refused with the reason."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.datasets.parsing import check_types, parser
from neurocortex.domain.columns import Column, ColumnType


def column(kind: str, **more: object) -> Column:
    return Column.model_validate({"name": "c", "type": kind, **more})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-7", -7),
        ("integer", "+007", 7),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("number", "1e-3", 0.001),
        ("number", ".5", 0.5),
        ("number", "5.", 5.0),
        ("text", " as it is ", " as it is "),
        ("boolean", "TRUE", True),
        ("boolean", "0", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("timestamp", "2024-02-29 23:59", datetime.fromisoformat("2024-02-29T23:59:00")),
        (
            "timestamp",
            "2024-02-29T23:59:59.5",
            datetime.fromisoformat("2024-02-29T23:59:59.500000"),
        ),
    ],
)
def test_what_is_written_as_its_type_is_read(kind: str, text: str, value: object) -> None:
    read = parser(column(kind))(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("integer", "1.0", "not a whole number"),
        ("integer", "1_000", "not a whole number"),
        ("integer", " 1", "not a whole number"),
        ("integer", "٣", "not a whole number"),
        ("integer", "9223372036854775808", "beyond 64 bits"),
        ("number", "1,5", "not a number"),
        ("number", "nan", "not a number"),
        ("number", "inf", "not a number"),
        ("number", "0x1", "not a number"),
        ("number", "1e999", "too large"),
        ("text", "a\0b", "NUL"),
        ("boolean", "yes", "neither true nor false"),
        ("date", "2023-02-29", "not a day of the calendar"),
        ("date", "29.02.2024", "not a date"),
        ("date", "20240229", "not a date"),
        ("timestamp", "2024-02-29", "not a time"),
        ("timestamp", "2024-02-29 25:00", "not a day and time"),
        ("timestamp", "2024-02-29 12:00Z", "no timezone"),
    ],
)
def test_what_is_not_is_refused(kind: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parser(column(kind))(text)


def test_a_format_says_how_dates_are_written() -> None:
    german = parser(column("date", format="%d.%m.%Y"))
    assert german("29.02.2024") == date(2024, 2, 29)
    with pytest.raises(ValueError, match=r"not written as %d.%m.%Y"):
        german("2024-02-29")


def test_a_timezone_makes_a_point_in_time() -> None:
    berlin = parser(column("timestamp", timezone="Europe/Berlin"))
    assert berlin("2024-07-01 12:00") == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert berlin("2024-07-01 12:00+05:30") == datetime(2024, 7, 1, 6, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="put forward"):
        berlin("2024-03-31 02:30")
    with pytest.raises(ValueError, match="twice"):
        berlin("2024-10-27 02:30")
    assert berlin("2024-10-27 02:30+01:00") == datetime(2024, 10, 27, 1, 30, tzinfo=UTC)


def test_rows_keep_their_numbers_and_gather_every_reason() -> None:
    raw = pd.DataFrame(
        {"a": ["1", "x", "3"], "b": ["t", None, None]}, index=[11, 12, 13], dtype=object
    )
    columns = [
        Column(name="a", type=ColumnType.INTEGER),
        Column(name="b", type=ColumnType.TEXT),
    ]
    typed, refused = check_types(raw, columns)
    assert typed.index.tolist() == [11]
    assert [refusal.rule for refusal in refused[12]] == ["wrong_type", "missing_value"]
    assert refused[13][0].reason == "b is empty, but it must have a value"
    assert typed.dtypes.astype(str).to_dict() == {"a": "Int64", "b": "str"}


def test_no_rows_have_types_all_the_same() -> None:
    columns = [Column(name=kind, type=kind, nullable=True) for kind in ColumnType]
    raw = pd.DataFrame({kind: [] for kind in ColumnType}, dtype=object)
    typed, refused = check_types(raw, columns)
    assert (len(typed), refused) == (0, {})
    assert str(typed.dtypes["date"]) == "datetime64[s]"


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_arrive_exactly_beside_missing_ones(value: int) -> None:
    raw = pd.DataFrame({"c": [str(value), None]}, dtype=object)
    typed, _ = check_types(raw, [column("integer", nullable=True)])
    assert typed["c"].iloc[0] == value
    assert pd.isna(typed["c"].iloc[1])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_arrive_exactly(value: float) -> None:
    assert parser(column("number"))(repr(value)) == value
