import pytest

from neurocortex.domain.filter_syntax import read
from neurocortex.domain.filters import (
    EVERYTHING,
    NOTHING,
    Either,
    Equals,
    Every,
    Filter,
    Not,
    Order,
    Ordered,
)
from neurocortex.errors import InvalidFilterError

YEAR = ("year",)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, EVERYTHING),
        ({"year": 1860}, Equals(YEAR, 1860)),
        ({"year": None}, Equals(YEAR, None)),
        ({"year": {"$gt": 1}}, Every((Ordered(YEAR, Order.ABOVE, 1),))),
        ({"year": {"$gt": None}}, Every((NOTHING,))),
        ({"a.b": {"c": 1}}, Equals(("a", "b"), {"c": 1})),
        ({"a": {}}, Equals(("a",), {})),
        ({"year": {"$nin": [1]}}, Every((Not(Either((Equals(YEAR, 1),))),))),
        ({"year": {"$exists": True}}, Every((Not(Equals(YEAR, None)),))),
        ({"a": 1, "$not": {"b": 2}}, Every((Equals(("a",), 1), Not(Equals(("b",), 2))))),
    ],
    ids=str,
)
def test_what_is_written_is_what_is_meant(written: dict[str, object], meant: Filter) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"$nor": []}, "$nor"),
        ({"$or": []}, "$or"),
        ({"$or": [{"a": 1}, 7]}, "$or[1]"),
        ({"$and": {"a": 1}}, "$and"),
        ({"a": {"$near": 1}}, "a.$near"),
        ({"a": {"$gt": "soon"}}, "a.$gt"),
        ({"a": {"$lt": False}}, "a.$lt"),
        ({"a": {"$in": "abc"}}, "a.$in"),
        ({"a": {"$in": [0] * 1_001}}, "a.$in"),
        ({"a": {"$exists": 1}}, "a.$exists"),
        ({"a": float("nan")}, "a"),
        ({"a": {"b": "\0"}}, "a"),
        ({"a": object()}, "a"),
        ({"": 1}, ""),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "filter",
)
def test_what_cannot_be_read_is_named_with_its_place(
    written: dict[str, object], place: str
) -> None:
    with pytest.raises(InvalidFilterError) as raised:
        read(written)
    assert raised.value.place == place


def test_a_filter_that_is_nested_too_deep_is_refused() -> None:
    written: dict[str, object] = {"a": 1}
    for _ in range(100):
        written = {"$not": written}
    with pytest.raises(InvalidFilterError, match="nested"):
        read(written)
