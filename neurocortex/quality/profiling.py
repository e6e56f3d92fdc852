"""From rows of text to a profile: what each column holds, and how it is written."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

import pandas as pd

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.profile import MAX_CATEGORIES, PERCENTILES, ColumnProfile, TableProfile
from neurocortex.quality.shapes import (
    INTEGER,
    NUMBER,
    NUMERIC,
    PATTERNS,
    TEMPORAL,
    Form,
    Written,
    code_pattern,
    written,
)
from neurocortex.quality.spellings import missing_spellings

FAMILY_SHARE: Final = 0.6
"""Share of values that must be numbers, or dates, for the column to be one of them."""

AGREED: Final = 0.8
"""Share of quantities that must be written with the same unit for it to be the column's."""

FEW_DECIMALS: Final = 0.005
"""Share of numbers with decimals up to which a column is one of whole numbers."""

MOST_UNITS: Final = 0.05
"""Different units per value up to which words after numbers are units, not a text."""

_FORMATS: Final[Mapping[Form, tuple[str, ...]]] = {
    Form.DATE_DOTS: ("%d.%m.%Y",),
    Form.DATE_SLASHES: ("%m/%d/%Y", "%d/%m/%Y"),
    Form.DATE_WORDS: ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
}


def profile_of(frame: pd.DataFrame, name: str, rows: int | None = None) -> TableProfile:
    """Return the profile of a table.

    Args:
        frame: text or None in every cell; all rows, or a sample.
        name: of the dataset.
        rows: rows of the whole table, where the frame is a sample.
    """
    columns = tuple(_column(frame[each], str(each)) for each in frame.columns)
    return TableProfile(
        name=name, rows=len(frame) if rows is None else rows, sampled=len(frame), columns=columns
    )


def typed(frame: pd.DataFrame, profile: TableProfile) -> pd.DataFrame:
    """Return the frame's values as what the profile says they are; missing where they are not."""
    return pd.DataFrame(
        {each.name: values_of(frame[each.name], each) for each in profile.columns},
        index=frame.index,
    )


def values_of(texts: pd.Series, column: ColumnProfile) -> pd.Series:
    """Return a column's text as numbers, times or text; missing where it is none of them."""
    present = texts.mask(texts.isin(column.spelled.keys()))
    match column.type:
        case ColumnType.INTEGER | ColumnType.NUMBER:
            return pd.to_numeric(present.where(present.str.fullmatch(NUMBER).eq(True)))
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return _times(present, column.form)
        case _:
            return present.astype("str")


def time_format(texts: pd.Series, form: Form) -> str | None:
    """Return how a column's dates are written in strptime's codes; None where it is ISO 8601."""
    choices = _FORMATS.get(form)
    if choices is None:
        return None
    read = {each: pd.to_datetime(texts, format=each, errors="coerce").notna() for each in choices}
    return max(choices, key=lambda each: int(read[each].sum()))


def _times(texts: pd.Series, form: Form) -> pd.Series:
    pattern = PATTERNS[form]
    there = texts.where(texts.str.fullmatch(pattern).eq(True))
    read = pd.to_datetime(
        there, format=time_format(there, form) or "ISO8601", errors="coerce", utc=True
    )
    # Some of a column's times may have an offset, others none.
    return read.dt.tz_localize(None)


def _column(texts: pd.Series, name: str) -> ColumnProfile:
    all_counts = {str(value): int(count) for value, count in texts.value_counts().items()}
    forms = {value: written(value) for value in all_counts}
    spelled = missing_spellings(all_counts, is_text=False)
    counts = {value: count for value, count in all_counts.items() if value not in spelled}
    family = _family(counts, forms)
    if family is ColumnType.TEXT:
        spelled = missing_spellings(all_counts, is_text=True)
        counts = {value: count for value, count in all_counts.items() if value not in spelled}
    kind, form, pattern, others = _writing(counts, forms, family)
    values = sum(counts.values())
    made = ColumnProfile(
        name=name,
        type=kind,
        form=form,
        pattern=pattern,
        others=others,
        values=values,
        missing=len(texts) - values,
        spelled=spelled,
        distinct=len(counts),
        once=sum(count == 1 for count in counts.values()),
        categories=counts if len(counts) <= MAX_CATEGORIES else {},
    )
    return made.model_copy(update={"quantiles": _quantiles(values_of(texts, made))})


def _family(counts: Mapping[str, int], forms: Mapping[str, Written]) -> ColumnType:
    total = sum(counts.values())
    numbers = sum(count for value, count in counts.items() if forms[value].form in NUMERIC)
    times = sum(count for value, count in counts.items() if forms[value].form in TEMPORAL)
    if total and times >= FAMILY_SHARE * total:
        return ColumnType.TIMESTAMP
    units = {forms[value].unit for value in counts if forms[value].form is Form.QUANTITY}
    codes = sum(
        count for value, count in counts.items() if re.fullmatch(r"0[0-9]+", value)
    )  # 00501 is a postal code: as a number it would lose its zeros
    if numbers >= FAMILY_SHARE * max(1, total) and len(units) <= max(1, MOST_UNITS * total):
        return ColumnType.TEXT if codes > total / 100 else ColumnType.NUMBER
    return ColumnType.TEXT


def _writing(
    counts: Mapping[str, int], forms: Mapping[str, Written], family: ColumnType
) -> tuple[ColumnType, Form, str, dict[str, int]]:
    """Return type, form and pattern of the regular values, and the forms of the others."""
    by_form: Counter[Form] = Counter()
    for value, count in counts.items():
        by_form[forms[value].form] += count
    match family:
        case ColumnType.NUMBER:
            return _numbers(counts, forms, by_form)
        case ColumnType.TIMESTAMP:
            form = max(TEMPORAL, key=lambda each: (by_form[each], each))
            kind = ColumnType.TIMESTAMP if form is Form.TIMESTAMP else ColumnType.DATE
            return kind, form, PATTERNS[form], _without(by_form, form)
        case _:
            return ColumnType.TEXT, Form.TEXT, code_pattern(counts) or "", {}


def _numbers(
    counts: Mapping[str, int], forms: Mapping[str, Written], by_form: Counter[Form]
) -> tuple[ColumnType, Form, str, dict[str, int]]:
    total = by_form.total()
    whole, decimal = by_form[Form.INTEGER], by_form[Form.NUMBER]
    if whole + decimal < total / 2:
        agreed = _agreed(counts, forms, total)
        if agreed:
            form, pattern = agreed
            return ColumnType.TEXT, form, pattern, _without(by_form, form)
    if whole and decimal <= FEW_DECIMALS * total and whole >= total / 2:
        return ColumnType.INTEGER, Form.INTEGER, INTEGER, _without(by_form, Form.INTEGER)
    others = _without(by_form, Form.NUMBER, Form.INTEGER)
    return ColumnType.NUMBER, Form.NUMBER, NUMBER, others


def _agreed(
    counts: Mapping[str, int], forms: Mapping[str, Written], total: int
) -> tuple[Form, str] | None:
    """Return the form and pattern that most values have, where it is no plain number."""
    ways: Counter[Written] = Counter()
    for value, count in counts.items():
        ways[forms[value]] += count
    way, count = ways.most_common(1)[0]
    if count < AGREED * total:
        return None
    if way.form is not Form.QUANTITY:
        return way.form, PATTERNS[way.form]
    before = way.unit if way.unit in {"$", "€", "£"} else ""
    after = "" if before else way.unit
    return way.form, re.escape(before) + NUMBER + re.escape(after)


def _without(by_form: Counter[Form], *regular: Form) -> dict[str, int]:
    return {str(form): count for form, count in by_form.items() if form not in regular}


def _quantiles(values: pd.Series) -> tuple[float, ...]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        there = values.dropna()
        numbers = there.astype("datetime64[s]").astype("int64").astype("float64")
    elif pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.dropna().astype("float64")
    else:
        return ()
    if not len(numbers):
        return ()
    return tuple(float(each) for each in numbers.quantile([each / 100 for each in PERCENTILES]))
