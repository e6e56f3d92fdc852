"""What goes into the cache comes out equal, of the same type; foreign bytes never do harm."""

import datetime as dt
import math
from collections import OrderedDict
from contextlib import suppress
from enum import Enum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import BaseModel

from neurocortex.cache.codec import Adapter, Codec, model_adapter
from neurocortex.errors import CorruptEntryError, UncacheableValueError


class Point(BaseModel):
    x: int
    tags: dict[int, str] = {}


class Outline(BaseModel):
    points: tuple[Point, ...]


class Colour(Enum):
    RED = "red"


codec = Codec([model_adapter(Point), model_adapter(Outline)])

zones = st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), dt.UTC])
hashable = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | zones)
    | st.timedeltas()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
)
values = st.recursive(
    hashable | st.builds(Point, x=st.integers(), tags=st.dictionaries(st.integers(), st.text())),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.sets(hashable)
        | st.frozensets(hashable)
    ),
    max_leaves=15,
)


def same(left: object, right: object) -> bool:
    """Equal, with equal types all the way down: 1 is not True, nor 1.0."""
    if type(left) is not type(right) or left != right:
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return all(same(*pair) for pair in zip(left.items(), right.items(), strict=True))
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return all(same(*pair) for pair in zip(left, right, strict=True))
    return True


@given(values)
def test_a_value_comes_back_equal_and_of_the_same_type(value: object) -> None:
    assert same(codec.loads(codec.dumps(value)), value)


dtypes = arrays.scalar_dtypes() | arrays.unicode_string_dtypes() | arrays.byte_string_dtypes()


@given(arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, min_side=0)))
def test_an_array_comes_back_with_its_dtype_shape_and_bits(array: np.ndarray) -> None:
    back = codec.loads(codec.dumps({"vectors": [array]}))
    assert isinstance(back, dict)
    (restored,) = back["vectors"]
    assert restored.dtype == array.dtype
    assert restored.shape == array.shape
    assert restored.tobytes() == array.tobytes()
    assert restored.flags.writeable


FRAMES = {
    "plain": pd.DataFrame({"a": [1, 2], "b": [0.5, math.nan], "c": ["x", None]}),
    "empty": pd.DataFrame(),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int8")}),
    "no columns": pd.DataFrame(index=[1, 2, 3]),
    "nullable": pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "f": pd.array([1.5, None], dtype="Float32"),
            "b": pd.array([True, None], dtype="boolean"),
            "s": pd.array(["x", None], dtype="string"),
        }
    ),
    "times": pd.DataFrame(
        {
            "naive": pd.DatetimeIndex(["2026-01-01", pd.NaT]),
            "zoned": pd.DatetimeIndex(["2026-03-29T01:30", pd.NaT], tz="Europe/Berlin"),
            "spans": pd.to_timedelta(["1s", None]),
        }
    ),
    "categories": pd.DataFrame(
        {"c": pd.Categorical(["b", None, "a"], categories=["b", "a"], ordered=True)}
    ),
    "objects": pd.DataFrame({"o": pd.Series([1, "a", None, [1, (2,)], math.inf], dtype=object)}),
    "labelled": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="label")),
    "two levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", None])
    ),
    "repeated names": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "numbered": pd.DataFrame([[1, 2]]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_with_its_types_and_labels(name: str) -> None:
    back = codec.loads(codec.dumps(FRAMES[name]))
    assert isinstance(back, pd.DataFrame)
    pd.testing.assert_frame_equal(back, FRAMES[name], check_freq=False)


def test_a_series_comes_back_with_its_name() -> None:
    series = pd.Series([1, 2], index=["a", "b"], name="counts", dtype="int16")
    back = codec.loads(codec.dumps(series))
    assert isinstance(back, pd.Series)
    pd.testing.assert_series_equal(back, series)


def test_models_within_models_come_back_as_models() -> None:
    outline = Outline(points=(Point(x=1), Point(x=2, tags={3: "c"})))
    assert codec.loads(codec.dumps([outline])) == [outline]


def test_an_adapter_allows_a_type_of_ones_own() -> None:
    colours = Codec([Adapter("colour", Colour, lambda colour: colour.name, Colour.__getitem__)])
    assert colours.loads(colours.dumps({"is": Colour.RED})) == {"is": Colour.RED}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "value"),
        ({"a": [1, {"b": object()}]}, "value['a'][1]['b']"),
        ((1, {2: Colour.RED}), "value[1][2]"),
        ({("x", Colour.RED): 1}, "a key of value[1]"),
        ([OrderedDict()], "value[0]"),
        (["\ud800"], "value[0]"),
        ([np.array([object()])], "value[0]"),
        ([lambda: 1], "value[0]"),
        ({"series": pd.Series(pd.period_range("2026", periods=2, freq="M"))}, "value['series']"),
    ],
)
def test_what_cannot_be_written_is_named_with_its_place(value: object, place: str) -> None:
    with pytest.raises(UncacheableValueError) as error:
        codec.dumps(value)
    assert error.value.path == place


def test_a_value_within_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(UncacheableValueError, match="nested more than"):
        codec.dumps(endless)


def test_a_type_that_is_not_allowed_here_is_not_made() -> None:
    with pytest.raises(CorruptEntryError):
        Codec().loads(codec.dumps(Point(x=1)))


def test_a_model_that_has_changed_since_is_not_made() -> None:
    class Changed(BaseModel):
        y: int

    name = f"{Point.__module__}.{Point.__qualname__}"
    changed = Codec([Adapter(name, Changed, dict, Changed.model_validate)])
    with pytest.raises(CorruptEntryError):
        changed.loads(codec.dumps(Point(x=1)))


@given(st.binary())
def test_foreign_bytes_are_refused_or_some_plain_value(garbage: bytes) -> None:
    with suppress(CorruptEntryError):
        codec.loads(garbage)


@given(values, st.data())
def test_damaged_bytes_never_raise_anything_else(value: object, data: st.DataObject) -> None:
    body = bytearray(codec.dumps(value))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(CorruptEntryError):
        codec.loads(bytes(body))
