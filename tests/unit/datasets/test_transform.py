"""What each transform does to rows, and what it refuses."""

import time
from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import pytest
from pydantic import JsonValue, ValidationError

from neurocortex.datasets.parsing import check_types
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transform import transform
from neurocortex.quality.report import Refusal

COLUMNS = [
    {"name": "id", "type": "integer", "key": True},
    {"name": "name", "type": "text"},
    {"name": "note", "type": "text", "nullable": True},
    {"name": "price", "type": "number", "nullable": True},
    {"name": "sold", "type": "date", "nullable": True},
    {"name": "at", "type": "timestamp", "nullable": True},
    {"name": "ok", "type": "boolean", "nullable": True},
]


def spec_of(*steps: Mapping[str, JsonValue]) -> DatasetSpec:
    return DatasetSpec.model_validate(
        {
            "name": "shop",
            "source": {"kind": "csv", "path": "shop.csv"},
            "columns": COLUMNS,
            "transforms": list(steps),
            "target": {"table": "shop"},
        }
    )


def apply(
    row: dict[str, str | None], *steps: Mapping[str, JsonValue]
) -> tuple[dict[str, object], tuple[Refusal, ...]]:
    """Put one row through; return it, or why it was refused."""
    spec = spec_of(*steps)
    whole: dict[str, str | None] = {
        "id": "1",
        "name": "pen",
        "note": None,
        "price": None,
        "sold": None,
        "at": None,
        "ok": None,
        **row,
    }
    raw = pd.DataFrame([whole], index=[5], dtype=object)
    typed, refused = check_types(raw, spec.columns)
    assert not refused
    before = typed.copy()
    frame, refused = transform(typed, spec)
    pd.testing.assert_frame_equal(typed, before)
    assert list(frame.columns) == [column.name for column in spec.loaded_columns]
    found = frame.to_dict("records")
    values = {str(key): value for key, value in found[0].items()} if found else {}
    return values, refused.get(5, ())


def cast(column: str, kind: str) -> dict[str, JsonValue]:
    return {"kind": "cast", "column": column, "type": kind}


def test_rename_and_drop() -> None:
    values, _ = apply(
        {}, {"kind": "rename", "columns": {"name": "title"}}, {"kind": "drop", "columns": ["ok"]}
    )
    assert values["title"] == "pen"
    assert "ok" not in values


@pytest.mark.parametrize(
    ("column", "text", "kind", "value"),
    [
        ("id", "3", "number", 3.0),
        ("id", "1", "boolean", True),
        ("id", "3", "text", "3"),
        ("name", "12", "integer", 12),
        ("name", "1.5", "number", 1.5),
        ("price", "3.0", "integer", 3),
        ("price", "3.5", "text", "3.5"),
        ("ok", "true", "integer", 1),
        ("ok", "true", "text", "true"),
        ("sold", "2024-01-31", "text", "2024-01-31"),
        ("at", "2024-01-31 10:00", "date", pd.Timestamp(2024, 1, 31)),
        ("name", "2024-01-31", "date", pd.Timestamp(2024, 1, 31)),
    ],
)
def test_cast_keeps_the_value(column: str, text: str, kind: str, value: object) -> None:
    values, refused = apply({column: text}, cast(column, kind))
    assert not refused
    assert values[column] == value


@pytest.mark.parametrize(
    ("column", "text", "kind", "reason"),
    [
        ("price", "3.5", "integer", "price is 3.5: not a whole number"),
        ("id", "2", "boolean", "id is 2: neither 0 nor 1"),
        ("name", "pen", "integer", "name is 'pen': not a whole number"),
    ],
)
def test_cast_refuses_what_has_no_equal(column: str, text: str, kind: str, reason: str) -> None:
    _, refused = apply({column: text}, cast(column, kind))
    assert refused[0].rule == "cast"
    assert refused[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("price", 3, 3.0),
        ("ok", False, False),
        ("sold", "2024-01-31", pd.Timestamp(2024, 1, 31)),
        ("at", "2024-01-31 10:00", pd.Timestamp(2024, 1, 31, 10)),
    ],
)
def test_fill_puts_a_value_where_none_is(column: str, value: JsonValue, expected: object) -> None:
    values, _ = apply({}, {"kind": "fill", "column": column, "value": value})
    assert values[column] == expected


def test_fill_leaves_other_values() -> None:
    values, _ = apply({"price": "2"}, {"kind": "fill", "column": "price", "value": 9})
    assert values["price"] == 2.0


def test_round() -> None:
    values, _ = apply({"price": "2.345678"}, {"kind": "round", "column": "price", "digits": 2})
    assert values["price"] == 2.35


def test_strip_and_what_it_leaves_empty() -> None:
    step: dict[str, JsonValue] = {"kind": "strip", "columns": ["name"]}
    assert apply({"name": "  pen\t"}, step)[0]["name"] == "pen"
    _, refused = apply({"name": "   "}, step)
    assert refused[0].rule == "missing_value"


def test_map_replaces_values_and_refuses_others() -> None:
    step: dict[str, JsonValue] = {"kind": "map", "column": "name", "values": {"pen": 1, "ink": 2}}
    values, _ = apply({"name": "ink"}, step)
    assert values["name"] == 2
    _, refused = apply({"name": "cup"}, step)
    assert refused == (Refusal("map", "name is 'cup': not among the values of the map"),)


def test_derive_sees_what_came_before_it() -> None:
    values, _ = apply(
        {"price": "2"},
        {"kind": "derive", "column": "double", "expression": "price * 2"},
        {"kind": "derive", "column": "is_dear", "expression": "double > 3"},
    )
    assert (values["double"], values["is_dear"]) == (4.0, True)


def test_derive_refuses_rows_without_a_result() -> None:
    _, refused = apply({"price": "0"}, {"kind": "derive", "column": "y", "expression": "1 / price"})
    assert refused == (Refusal("derive", "y = 1 / price: division by zero"),)


def test_moments_are_subtracted() -> None:
    columns = [
        {"name": "a", "type": "timestamp"},
        {"name": "b", "type": "timestamp"},
    ]
    spec = DatasetSpec.model_validate(
        {
            "name": "trips",
            "source": {"kind": "csv", "path": "trips.csv"},
            "columns": columns,
            "transforms": [{"kind": "derive", "column": "minutes", "expression": "(b - a) / 60"}],
            "target": {"table": "trips"},
        }
    )
    moments = {
        "a": [datetime.fromisoformat("2024-01-01T10:00:00")],
        "b": [datetime.fromisoformat("2024-01-01T10:45:00")],
    }
    frame, _ = transform(pd.DataFrame(moments, dtype="datetime64[us]"), spec)
    assert frame["minutes"].tolist() == [45.0]


def test_types_of_loaded_columns_follow_the_transforms() -> None:
    spec = spec_of(
        cast("price", "integer"),
        {"kind": "fill", "column": "price", "value": 0},
        {"kind": "map", "column": "name", "values": {"pen": True, "ink": False}},
        {"kind": "derive", "column": "since", "expression": "sold > '2024-01-01'"},
    )
    found = {column.name: (column.type.value, column.nullable) for column in spec.loaded_columns}
    assert found["price"] == ("integer", False)
    assert found["name"] == ("boolean", False)
    assert found["since"] == ("boolean", True)


def replace(pattern: str, replacement: str = "") -> dict[str, JsonValue]:
    return {"kind": "replace", "column": "name", "pattern": pattern, "replacement": replacement}


def test_replace_repairs_texts_so_that_they_can_be_cast() -> None:
    steps = replace(r"^([0-9.]+) oz$", r"\1"), cast("name", "number")
    assert apply({"name": "12.0 oz"}, *steps)[0]["name"] == 12.0
    assert apply({"name": "7"}, *steps)[0]["name"] == 7.0
    _, refused = apply({"name": "12.0 ml"}, *steps)
    assert refused == (Refusal("cast", "name is '12.0 ml': not a number"),)


def test_replace_finds_a_pattern_anywhere_and_every_time() -> None:
    assert apply({"name": "1,234,567 pens"}, replace(","))[0]["name"] == "1234567 pens"


def test_groups_have_names_and_numbers() -> None:
    assert apply({"name": "a-b"}, replace(r"(\w)-(?P<last>\w)", r"\g<last>+\1"))[0]["name"] == "b+a"


def test_what_replace_leaves_empty_is_missing() -> None:
    _, refused = apply({"name": "n/a"}, replace("^n/a$"))
    reason = "name is 'n/a': nothing of it remains, but it must have a value"
    assert refused == (Refusal("replace", reason),)
    step = {**replace("^n/a$"), "column": "note"}
    values, _ = apply({"note": "n/a"}, step, cast("note", "number"))
    assert str(values["note"]) == "nan"


def test_replace_cannot_make_what_postgresql_cannot_hold() -> None:
    _, refused = apply({"name": "pen"}, replace("e", r"\x00"))
    assert "NUL character" in refused[0].reason


def test_a_search_that_would_not_end_refuses_its_row_in_time() -> None:
    started = time.monotonic()
    _, refused = apply({"name": "a" * 60 + "b"}, replace("(a|aa)+$"))
    assert time.monotonic() - started < 5
    assert refused[0].rule == "replace"
    assert "took longer than 0.1 s" in refused[0].reason


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        ("(", "", r"pattern '\(' cannot be read: missing \) at position 1"),
        ("*", "", "cannot be read: nothing to repeat"),
        ("(?R)", "", "never ends its search"),
        ("(a)", r"\2", "cannot be used: invalid group reference"),
        ("(?x)(a) # a comment", r"\2", "cannot be used: invalid group reference"),
        ("(?P<x>a)", r"\g<y>", "cannot be used: unknown group"),
        ("a", r"\q", r"cannot be used: bad escape"),
        ("a" * 501, "", "at most 500 characters"),
        ("", "", "at least 1 character"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused(pattern: str, replacement: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        spec_of(replace(pattern, replacement))
