"""What can be expected of one column: how it is written, whether it is there, what it may be."""

import math
import re
from collections.abc import Iterator
from typing import Final

import pandas as pd

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.dependencies import Fused
from neurocortex.quality.expectations import Severity
from neurocortex.quality.profile import ColumnProfile
from neurocortex.quality.proposals import ENOUGH, RARE, Proposal, of_meaning, of_writing
from neurocortex.quality.spellings import MOJIBAKE, wrongly_decoded
from neurocortex.quality.typos import misspelt

CLOSED: Final = 40
"""Different values up to which a column may have a closed set of them."""

SAFE_COUNT: Final = 5
"""A set whose values are each there as often is taken to be whole."""

BLANKS: Final = r"^\s|\s$|\s\s"


def of_column(column: ColumnProfile, texts: pd.Series, lacking: Fused | None) -> Iterator[Proposal]:
    """Yield what can be expected of a column; nothing where too few values are known.

    Args:
        column: its profile.
        texts: the values the profile was made of.
        lacking: where its missing values are, if they are run together with another column's.
    """
    if column.values < ENOUGH:
        return
    yield from _of_writing(column, texts)
    yield from _of_presence(column, lacking)
    yield from _of_values(column)


def _of_writing(column: ColumnProfile, texts: pd.Series) -> Iterator[Proposal]:
    if column.spelled:
        shown = ", ".join(f"{value!r} ({count}×)" for value, count in column.spelled.items())
        yield of_writing(
            column,
            "expect_column_values_to_not_be_in_set",
            {"value_set": list(column.spelled)},
            f"stands for a missing value: {shown}; better in the source's `null_values`",
        )
    if column.pattern:
        others = ", ".join(f"{form} ({count}×)" for form, count in column.others.items())
        why = f"it should be {column.form}" if column.form != "text" else "its values are codes"
        allowed = [column.pattern, *map(re.escape, column.spelled)]
        yield of_writing(
            column,
            "expect_column_values_to_match_regex",
            {"regex": rf"^(?:{'|'.join(allowed)})$"},
            why + (f"; there is also: {others}" if others else ""),
        )
    if column.type is not ColumnType.TEXT:
        return
    counts = {str(value): int(count) for value, count in texts.value_counts().items()}
    bad = sum(count for value, count in counts.items() if wrongly_decoded(value))
    if bad:
        yield of_writing(
            column,
            "expect_column_values_to_not_match_regex",
            {"regex": MOJIBAKE},
            f"letters of {bad} values were read in a wrong encoding",
        )
    blanks = sum(count for value, count in counts.items() if re.search(BLANKS, value))
    if 0 < blanks <= RARE * 10 * column.values:
        yield of_writing(
            column,
            "expect_column_values_to_not_match_regex",
            {"regex": BLANKS},
            f"{blanks} values have a blank too many",
        )
    typos = misspelt(counts)
    if typos:
        shown = ", ".join(f"{wrong!r} for {right!r}" for wrong, right in list(typos.items())[:3])
        yield of_writing(
            column,
            "expect_column_values_to_not_be_in_set",
            {"value_set": list(typos)},
            f"probably misspelt: {shown}",
        )


def _of_presence(column: ColumnProfile, fused: Fused | None) -> Iterator[Proposal]:
    if not column.missing or fused:
        why = (
            f"where it is missing, it is at the end of {fused.column} ({fused.rows}×)"
            if fused
            else "no value was missing"
        )
        yield of_meaning(column, "expect_column_values_to_not_be_null", {}, why)
        return
    rows = column.values + column.missing
    share = column.values / rows
    room = 4 * math.sqrt(share * (1 - share) / rows) + 0.005
    yield of_meaning(
        column,
        "expect_column_proportion_of_non_null_values_to_be_between",
        {"min_value": round(max(0.0, share - room), 3)},
        f"{column.missing_share:.1%} of the values were missing",
        Severity.WARN,
    )


def _of_values(column: ColumnProfile) -> Iterator[Proposal]:
    kinds = len(column.categories)
    if 1 <= kinds <= CLOSED and column.type in {ColumnType.TEXT, ColumnType.INTEGER}:
        if column.values >= 10 * kinds:
            yield _in_set(column)
    elif column.quantiles and column.type in {ColumnType.INTEGER, ColumnType.NUMBER}:
        yield from _range(column)
    if column.once == column.values and column.type in {ColumnType.INTEGER, ColumnType.TEXT}:
        yield of_meaning(
            column,
            "expect_column_values_to_be_unique",
            {},
            f"all {column.values} values were different: it may be the key",
        )


def _in_set(column: ColumnProfile) -> Proposal:
    whole = column.type is ColumnType.INTEGER
    values = [int(each) if whole else each for each in column.categories]
    safe = min(column.categories.values()) >= SAFE_COUNT
    why = f"there were {len(values)} different values"
    kwargs: dict[str, object] = {"value_set": sorted(values, key=str)}
    if not safe:
        unseen = 3 * (column.once + 1) / column.values + 0.001
        kwargs["mostly"] = round(1 - min(0.5, unseen), 3)
        why += ", some so rare that there may be more"
    severity = Severity.QUARANTINE if safe else Severity.WARN
    return of_meaning(column, "expect_column_values_to_be_in_set", kwargs, why, severity)


def _range(column: ColumnProfile) -> Iterator[Proposal]:
    least, hundredth, most = column.quantiles[0], column.quantiles[1], column.quantiles[-1]
    if hundredth >= 0:
        few = "" if least >= 0 else f", but for fewer than 1 % (the least was {least:g})"
        yield of_meaning(
            column,
            "expect_column_values_to_be_between",
            {"min_value": 0},
            f"no value was negative{few}",
        )
    if least == most or _counts_up(column):
        return
    room = (most - least) / 2
    bounds = {"max_value": _rounded(most + room)}
    if hundredth < 0:
        bounds["min_value"] = _rounded(least - room)
    yield of_meaning(
        column,
        "expect_column_values_to_be_between",
        {**bounds, "mostly": 0.999},
        f"values were {least:g} to {most:g}; half of that span beyond is allowed",
        Severity.WARN,
    )


def _counts_up(column: ColumnProfile) -> bool:
    """Whether it is a number given to each row: next month's are higher."""
    return column.type is ColumnType.INTEGER and column.once == column.values


def _rounded(value: float) -> float:
    """Return two significant digits: a bound that somebody might have chosen."""
    return float(f"{value:.2g}")
