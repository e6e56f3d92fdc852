"""What has changed in a dataset, beside the profiles of its earlier loads.

Each figure has a threshold that adapts: with `ENOUGH_LOADS` earlier loads it is what they differ
among themselves, mean and three standard deviations; before, a customary one. Chance is allowed
for in both, so that small loads are not alarming. Distributions are compared by the
Jensen-Shannon divergence (Lin 1991), which is in bits from 0 to 1, and finite where a bin is empty.
"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from statistics import fmean, median, pstdev
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from neurocortex.domain.columns import ColumnType
from neurocortex.quality.chance import divergence_noise, surprising
from neurocortex.quality.profile import PERCENTILES, ColumnProfile, TableProfile

ENOUGH_LOADS: Final = 4
"""Earlier loads from which on their own spread is the threshold."""

CUSTOMARY_BITS: Final = 0.036
"""A population stability index of 0.2, the usual sign of a shift: 0.2 / 8 / ln 2."""

LEAST_BITS: Final = 0.01
"""Less of a shift is of no use to anybody, however even the loads were."""

LEAST_SHARE: Final = 0.005
"""So much more or less of missing values is of no use to anybody."""

CUSTOMARY_FACTOR: Final = 2.0
"""A load with so many times more or fewer rows is another one."""

LEAST_FACTOR: Final = 1.2

DEVIATIONS: Final = 3.0

Shares = npt.NDArray[np.float64]


class Aspect(StrEnum):
    """What of a dataset has changed."""

    SCHEMA = "schema"
    VOLUME = "volume"
    MISSING = "missing values"
    NEW = "new values"
    DISTRIBUTION = "distribution"


class Change(BaseModel):
    """Something that differs from the earlier loads by more than it should."""

    model_config = ConfigDict(frozen=True)

    column: str
    """Empty where it is about the table."""
    aspect: Aspect
    sentence: str
    """What was, and what is."""
    figure: float = 0.0
    """How far it is from what was; in the aspect's own measure."""
    threshold: float = 0.0
    """How far it might be."""


def changes(new: TableProfile, history: Sequence[TableProfile]) -> tuple[Change, ...]:
    """Return what has changed; nothing where there is no history.

    Args:
        new: the load to look at.
        history: the earlier ones, the newest last.
    """
    if not history:
        return ()
    return (*_schema(new, history[-1]), *_volume(new, history), *_columns(new, history))


def _schema(new: TableProfile, last: TableProfile) -> Iterator[Change]:
    now = {each.name: each.type for each in new.columns if each.values}
    before = {each.name: each.type for each in last.columns if each.values}
    names = {each.name for each in new.columns}
    for name in sorted(before.keys() - names):
        yield Change(column=name, aspect=Aspect.SCHEMA, sentence="the column is gone")
    for name in sorted(names - {each.name for each in last.columns}):
        yield Change(column=name, aspect=Aspect.SCHEMA, sentence="the column is new")
    for name in sorted(now.keys() & before.keys()):
        if now[name] is not before[name] and ColumnType.TEXT in {now[name], before[name]}:
            sentence = f"most values were of type {before[name]}, now of {now[name]}"
            yield Change(column=name, aspect=Aspect.SCHEMA, sentence=sentence)


def _volume(new: TableProfile, history: Sequence[TableProfile]) -> Iterator[Change]:
    sizes = [math.log(max(1, each.rows)) for each in history]
    usual = median(sizes)
    figure = abs(math.log(max(1, new.rows)) - usual)
    threshold = math.log(CUSTOMARY_FACTOR)
    if len(history) >= ENOUGH_LOADS:
        threshold = max(math.log(LEAST_FACTOR), DEVIATIONS * pstdev(sizes, usual))
    if figure > threshold:
        sentence = f"{new.rows} rows, where {math.exp(usual):.0f} are usual"
        yield Change(
            column="",
            aspect=Aspect.VOLUME,
            sentence=sentence,
            figure=math.exp(figure),
            threshold=math.exp(threshold),
        )


def _columns(new: TableProfile, history: Sequence[TableProfile]) -> Iterator[Change]:
    for column in new.columns:
        seen = [each for profile in history for each in profile.columns if each.name == column.name]
        if seen:
            yield from _missing(column, seen)
            yield from _new_values(column, seen)
            yield from _distribution(column, seen)


def _missing(column: ColumnProfile, seen: Sequence[ColumnProfile]) -> Iterator[Change]:
    before = [each.missing_share for each in seen]
    usual, now = fmean(before), column.missing_share
    rows = column.values + column.missing
    rows_before = sum(each.values + each.missing for each in seen)
    missing_before = sum(each.missing for each in seen)
    threshold = LEAST_SHARE
    if len(seen) >= ENOUGH_LOADS:
        threshold = max(threshold, DEVIATIONS * pstdev(before))
    more = surprising(column.missing, rows, missing_before, rows_before)
    fewer = surprising(column.values, rows, rows_before - missing_before, rows_before)
    if abs(now - usual) > threshold and (more or fewer):
        yield Change(
            column=column.name,
            aspect=Aspect.MISSING,
            sentence=f"{now:.1%} of the values are missing, where {usual:.1%} are usual",
            figure=abs(now - usual),
            threshold=threshold,
        )


def _new_values(column: ColumnProfile, seen: Sequence[ColumnProfile]) -> Iterator[Change]:
    if not column.categories or not all(each.categories for each in seen):
        return
    known = {value for each in seen for value in each.categories}
    unknown = {value: n for value, n in column.categories.items() if value not in known}
    # The chance that the next value was never seen is about the share of those seen once (Good).
    once = sum(each.once for each in seen)
    if surprising(sum(unknown.values()), column.values, once, sum(each.values for each in seen)):
        shown = ", ".join(repr(value) for value in sorted(unknown)[:5])
        share = sum(unknown.values()) / column.values
        yield Change(
            column=column.name,
            aspect=Aspect.NEW,
            sentence=f"{share:.1%} of the values were never there before: {shown}",
            figure=share,
            threshold=once / sum(each.values for each in seen),
        )


def _distribution(column: ColumnProfile, seen: Sequence[ColumnProfile]) -> Iterator[Change]:
    if column.type in {ColumnType.DATE, ColumnType.TIMESTAMP} or not column.values:
        return  # time goes on: next month has other dates
    if column.once == column.values or any(each.type is not column.type for each in seen):
        return
    shares = _shares([*seen, column])
    if shares is None:
        return
    *before, now = shares
    figure = _divergence(now, np.mean(before, axis=0))
    rows_before = sum(each.values for each in seen)
    threshold = max(LEAST_BITS, divergence_noise(len(now), column.values, rows_before))
    if len(before) < ENOUGH_LOADS:
        threshold = max(threshold, CUSTOMARY_BITS)
    else:
        apart = [
            _divergence(each, np.mean(before[:place] + before[place + 1 :], axis=0))
            for place, each in enumerate(before)
        ]
        threshold = max(threshold, fmean(apart) + DEVIATIONS * pstdev(apart))
    if figure > threshold:
        yield Change(
            column=column.name,
            aspect=Aspect.DISTRIBUTION,
            sentence=f"its values are spread otherwise: {_told(column, seen[-1])}",
            figure=figure,
            threshold=threshold,
        )


def _shares(columns: Sequence[ColumnProfile]) -> list[Shares] | None:
    """Return each profile's shares in the same bins: by value where there are few, or by range."""
    if all(each.categories for each in columns):
        values = sorted({value for each in columns for value in each.categories})
        return [
            np.array([each.categories.get(value, 0) for value in values]) / max(1, each.values)
            for each in columns
        ]
    if not all(each.quantiles for each in columns):
        return None
    first, last = PERCENTILES.index(10), PERCENTILES.index(90)
    edges = sorted(set(columns[-2].quantiles[first : last + 1]))
    return [np.diff([0.0, *(_below(each, edge) for edge in edges), 1.0]) for each in columns]


def _below(column: ColumnProfile, edge: float) -> float:
    """Return the share of values up to a number, between the percentiles by interpolation."""
    points: dict[float, float] = {}
    for value, percent in zip(column.quantiles, PERCENTILES, strict=True):
        points[value] = percent / 100  # of equal values the last: it is the share up to it
    values, shares = list(points), list(points.values())
    return float(np.interp(edge, values, shares, left=0.0, right=1.0))


def _divergence(one: Shares, other: Shares) -> float:
    middle = (one + other) / 2
    bits = 0.0
    for shares in (one, other):
        there = shares > 0
        bits += float((shares[there] * np.log2(shares[there] / middle[there])).sum()) / 2
    return max(0.0, bits)


def _told(now: ColumnProfile, before: ColumnProfile) -> str:
    if now.categories and before.categories:

        def moved(value: str) -> float:
            is_now = now.categories.get(value, 0) / max(1, now.values)
            return abs(is_now - before.categories.get(value, 0) / max(1, before.values))

        value = max({*now.categories, *before.categories}, key=lambda each: (moved(each), each))
        was = before.categories.get(value, 0) / max(1, before.values)
        return f"{value!r} was {was:.1%}, is {now.categories.get(value, 0) / now.values:.1%}"
    middle = PERCENTILES.index(50)
    return f"the median was {before.quantiles[middle]:g}, is {now.quantiles[middle]:g}"
