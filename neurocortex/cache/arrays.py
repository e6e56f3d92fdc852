"""Arrays and pandas columns and frames, as parts that the codec can write."""

from typing import Any, Final, cast

import numpy as np
import pandas as pd

from neurocortex.errors import CorruptEntryError, UncacheableValueError

KINDS: Final = frozenset("biufcmMSU")
"""Bool, integers, floats, complex, times, fixed-width bytes and text: no pointers among them."""

_MASKED: Final[dict[str, str]] = {
    name: name.lower().replace("boolean", "bool")
    for name in (
        *(f"{sign}{bits}" for sign in ("Int", "UInt") for bits in (8, 16, 32, 64)),
        *("Float32", "Float64", "boolean"),
    )
}
"""Columns with a mask for what is missing: their dtype, and that of their values."""


def array_parts(array: np.ndarray[Any, Any]) -> list[object]:
    """Return dtype, shape and bytes in C order."""
    if array.dtype.kind not in KINDS:
        raise UncacheableValueError("value", f"arrays of dtype {array.dtype} are not allowed")
    return [array.dtype.str, list(array.shape), array.tobytes()]


def array(parts: Any) -> np.ndarray[Any, Any]:
    """Return the array of `array_parts`, writable."""
    name, shape, data = parts
    dtype = np.dtype(cast("str", name))
    if dtype.kind not in KINDS:
        raise CorruptEntryError(f"arrays of dtype {dtype} are not allowed")
    # A copy, as `frombuffer` gives a view of read-only bytes.
    if dtype.itemsize == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype).reshape(shape).copy()


def column_parts(values: "pd.Series[Any]") -> list[object]:
    """Return how to make a column again: what it is, and its values."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in KINDS:
        return ["array", array_parts(values.to_numpy())]
    if dtype.kind == "O" and isinstance(dtype, np.dtype):
        return ["objects", values.tolist()]
    if isinstance(dtype, pd.StringDtype):
        texts = [
            None if missing else str(text)
            for text, missing in zip(values, values.isna(), strict=True)
        ]
        return ["text", str(dtype.storage), bool(dtype.na_value is pd.NA), texts]
    if str(dtype) in _MASKED:
        missing = values.isna().to_numpy()
        filled = values.to_numpy(dtype=_MASKED[str(dtype)], na_value=0)
        return ["masked", str(dtype), array_parts(filled), array_parts(missing)]
    if isinstance(dtype, pd.DatetimeTZDtype):
        naive = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return ["times", str(dtype.tz), array_parts(naive.to_numpy())]
    if isinstance(dtype, pd.CategoricalDtype):
        codes = array_parts(values.cat.codes.to_numpy())
        return [
            "categories",
            codes,
            column_parts(dtype.categories.to_series()),
            bool(dtype.ordered),
        ]
    raise UncacheableValueError("value", f"columns of dtype {dtype} are not allowed")


def column(parts: Any) -> "pd.Series[Any]":
    """Return the column of `column_parts`, with a plain index and without a name."""
    match parts:
        case ["array", values]:
            return pd.Series(array(values))
        case ["objects", list(values)]:
            return pd.Series(values, dtype=object)
        case ["text", str(storage), bool(has_na), list(texts)]:
            dtype = pd.StringDtype(cast("Any", storage), na_value=pd.NA if has_na else np.nan)
            return pd.Series(texts, dtype=dtype)
        case ["masked", str(name), filled, missing]:
            if name not in _MASKED:
                raise CorruptEntryError(f"unknown dtype {name}")
            values = pd.Series(array(filled)).astype(cast("Any", name))
            return values.mask(array(missing))
        case ["times", str(zone), values]:
            return pd.Series(array(values)).dt.tz_localize("UTC").dt.tz_convert(zone)
        case ["categories", codes, categories, bool(ordered)]:
            known = pd.Index(column(categories))
            return pd.Series(
                pd.Categorical.from_codes(array(codes).tolist(), known, ordered=ordered)
            )
    raise CorruptEntryError("unreadable column")


def index_parts(index: pd.Index) -> list[object]:
    """Return how to make an index again."""
    if isinstance(index, pd.RangeIndex):
        return ["range", index.start, index.stop, index.step, index.name]
    if isinstance(index, pd.MultiIndex):
        levels = [
            column_parts(index.get_level_values(at).to_series()) for at in range(index.nlevels)
        ]
        return ["levels", levels, list(index.names)]
    return ["plain", column_parts(index.to_series()), index.name]


def index(parts: Any) -> pd.Index:
    """Return the index of `index_parts`."""
    match parts:
        case ["range", int(start), int(stop), int(step), name]:
            return pd.RangeIndex(start, stop, step, name=name)
        case ["levels", list(levels), list(names)]:
            arrays = [column(level) for level in levels]
            return cast("pd.Index", pd.MultiIndex.from_arrays(arrays, names=names))
        case ["plain", values, name]:
            return cast("pd.Index", pd.Index(column(values), name=name))
    raise CorruptEntryError("unreadable index")


def series_parts(series: "pd.Series[Any]") -> list[object]:
    """Return a series' values, index and name."""
    return [column_parts(series), index_parts(series.index), series.name]


def series(parts: Any) -> "pd.Series[Any]":
    """Return the series of `series_parts`."""
    values, labels, name = parts
    made = column(values)
    made.index = index(labels)
    made.name = name
    return made


def frame_parts(frame: pd.DataFrame) -> list[object]:
    """Return a frame by columns, whose names may repeat."""
    columns = [column_parts(frame.iloc[:, at]) for at in range(frame.shape[1])]
    return [index_parts(frame.index), index_parts(frame.columns), columns]


def frame(parts: Any) -> pd.DataFrame:
    """Return the frame of `frame_parts`."""
    rows, names, columns = parts
    made = pd.DataFrame(
        {at: column(each) for at, each in enumerate(columns)}, index=range(len(index(rows)))
    )
    made.index = index(rows)
    made.columns = index(names)
    return made
