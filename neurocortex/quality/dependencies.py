"""What holds between columns: keys, functional dependencies, order, values run together.

The error of an approximate dependency is g3 (Kivinen and Mannila 1995): the share of rows that
would have to go for it to hold. It is measured on rows whose determinant repeats, because one that
never does determines everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_ERROR: Final = 0.05
"""Share of rows that may break a dependency which is taken to hold all the same."""

MIN_SUPPORT: Final = 0.3
"""Share of rows whose determinant must repeat: below, chance would look like a rule."""

MIN_ROWS: Final = 50
"""Rows whose determinant must repeat."""

MIN_GAIN: Final = 5.0
"""So many times fewer mistakes must the determinant make than the commonest value would."""

MIN_CLARITY: Final = 0.75
"""Share that the commonest value must have where a dependency is broken. A mistake is one row among
many; two breweries of one name are two uses, and the name determines nothing."""

MIN_FUSED: Final = 3
"""Rows that must have two values run together."""

LONGEST_DOMAIN: Final = 200
"""Values that a column may have for them to be looked for inside another."""

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Rows with the same `determinant` have the same `dependent`, but for a few."""

    determinant: str
    dependent: str
    error: float
    """Share of the rows whose determinant repeats that break it."""
    rows: int
    """Rows whose determinant repeats."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A column holds at its end what is missing in another: `Portland OR` where `OR` belongs."""

    column: str
    other: str
    values: tuple[str, ...]
    """The values of `other`, of which one is at the end."""
    rows: int


def codes_of(frame: pd.DataFrame) -> dict[str, Codes]:
    """Return each column's values as numbers from 0, missing ones as -1."""
    return {
        str(name): pd.factorize(frame[name], use_na_sentinel=True)[0].astype(np.int64)
        for name in frame.columns
    }


def dependencies(codes: Mapping[str, Codes]) -> tuple[Dependency, ...]:
    """Return the best determinant of each column that has one."""
    best: dict[str, Dependency] = {}
    for determinant, left in codes.items():
        for dependent, right in codes.items():
            if determinant == dependent:
                continue
            held = _holds(determinant, left, dependent, right)
            other = best.get(dependent)
            if held and (other is None or (held.error, -held.rows) < (other.error, -other.rows)):
                best[dependent] = held
    return tuple(best.values())


def _holds(determinant: str, left: Codes, dependent: str, right: Codes) -> Dependency | None:
    known = (left >= 0) & (right >= 0)
    left, right = left[known], right[known]
    sizes = np.bincount(left) if len(left) else np.zeros(0, np.int64)
    repeats = sizes[left] > 1 if len(left) else np.zeros(0, bool)
    rows = int(repeats.sum())
    if rows < max(MIN_ROWS, MIN_SUPPORT * len(left)):
        return None
    left, right = left[repeats], right[repeats]
    baseline = 1 - np.bincount(right).max() / rows
    width = int(right.max()) + 1
    pairs, counts = np.unique(left * width + right, return_counts=True)
    most = np.zeros(int(left.max()) + 1, np.int64)
    np.maximum.at(most, pairs // width, counts)
    error = float(1 - most.sum() / rows)
    if error > MAX_ERROR or error * MIN_GAIN > baseline or baseline == 0:
        return None
    sizes = np.bincount(left, minlength=len(most))
    in_doubt = sizes > most
    if in_doubt.any() and most[in_doubt].sum() < MIN_CLARITY * sizes[in_doubt].sum():
        return None
    return Dependency(determinant, dependent, error, rows)


def broken(left: Codes, right: Codes, mostly: float = 0.5) -> npt.NDArray[np.bool_]:
    """Return the rows that break a dependency: another value than most with the same determinant.

    Args:
        left: the determinant, as of `codes_of`.
        right: the dependent; a missing value breaks nothing.
        mostly: share above which a value counts as that of most; where none has it, all rows of
            the determinant break it.
    """
    wrong = np.zeros(len(left), bool)
    known = np.flatnonzero((left >= 0) & (right >= 0))
    if not len(known):
        return wrong
    at, value = left[known], right[known]
    width = int(value.max()) + 1
    pairs, inverse, counts = np.unique(at * width + value, return_inverse=True, return_counts=True)
    sizes = np.bincount(at)
    kinds = np.bincount(pairs // width, minlength=len(sizes))
    is_most = counts > mostly * sizes[pairs // width]
    wrong[known] = (kinds[at] > 1) & ~is_most[inverse]
    return wrong


def fused(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Fused, ...]:
    """Return the pairs of text columns of which one holds at its end what the other lacks.

    It counts where at least half of the missing values of the one are found there, and a tenth of
    that share, at most, where none is missing.
    """
    found = []
    for other in columns:
        missing = frame[other].isna()
        values = frame[other].dropna()
        domain = set(values.unique())
        if missing.sum() < MIN_FUSED or not 2 <= len(domain) <= LONGEST_DOMAIN:
            continue
        if any(len(value) < 2 for value in domain):  # one letter ends too many words
            continue
        for column in columns:
            if column == other:
                continue
            ends = frame[column].str.rsplit(n=1).str[-1].isin(domain) & frame[column].str.contains(
                r"\S\s+\S", na=False
            )
            share, elsewhere = ends[missing].mean(), ends[~missing].mean()
            rows = int(ends[missing].sum())
            if rows >= MIN_FUSED and share >= 0.5 and elsewhere <= share / 10:
                found.append(Fused(column, other, tuple(sorted(domain)), rows))
    return tuple(found)
