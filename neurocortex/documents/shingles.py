"""How much of one text another says, too: the resemblance of their shingles.

A shingle is five words in a row; the resemblance of two texts is the share of shingles that both
have among those that either has (Broder 1997, "On the resemblance and containment of documents").
Texts that may resemble each other are found without comparing each with each: by min-wise hashes
in bands (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3), all
from one permutation (Li, Owen, Zhang 2012), with empty bins filled from the next one (Shrivastava
and Li 2014).
"""

from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from neurocortex.documents.words import RUN

SHINGLE_WORDS: Final = 5

LEAST_WORDS: Final = 30
"""Shorter texts are not compared: rows and notes are often alike and yet say different things."""

BINS: Final = 64
BANDS: Final = 16
"""Of four bins each. Of two texts with a resemblance of .85 one pair in 100,000 is missed, of .7
one in 80; with .3 one in eight is compared in vain."""

Shingles = npt.NDArray[np.uint64]
"""Distinct, in ascending order."""

_WEIGHTS: Final = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 1],
    dtype=np.uint64,
)
_BORROWED: Final = np.uint64(0x2545F4914F6CDD1D)
"""Marks a value that an empty bin has from another, by how far away that is."""


def shingles_of(text: str) -> Shingles:
    """Return a text's shingles as numbers; none where it is too short to be compared.

    They are the same in every process. Case and punctuation between words do not count.
    """
    words = [crc32(word.encode("utf-8", "replace")) for word in RUN.findall(text.casefold())]
    if len(words) < LEAST_WORDS:
        return np.zeros(0, np.uint64)
    codes = np.array(words, dtype=np.uint64)
    ends = len(codes) - SHINGLE_WORDS + 1
    mixed = np.zeros(ends, np.uint64)
    for place, weight in enumerate(_WEIGHTS):
        mixed += codes[place : place + ends] * weight
    return np.unique(_scattered(mixed))


def resemblance(one: Shingles, other: Shingles) -> float:
    """Return the share of common shingles, 0 to 1."""
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common) if common else 0.0


def bands_of(shingles: Shingles) -> tuple[int, ...]:
    """Return `BANDS` numbers of 63 bits, of which texts that resemble each other share some."""
    if not len(shingles):
        return ()
    bins = (shingles >> np.uint64(58)).astype(np.int64)  # the upper six bits: one of 64
    first = np.flatnonzero(np.diff(bins, prepend=-1))
    least = np.zeros(BINS, np.uint64)
    filled = np.zeros(BINS, bool)
    least[bins[first]] = shingles[first]
    filled[bins[first]] = True
    places = np.flatnonzero(filled)
    source = places[np.searchsorted(places, np.arange(BINS)) % len(places)]
    away = ((source - np.arange(BINS)) % BINS).astype(np.uint64)
    values = (least[source] + away * _BORROWED).reshape(BANDS, -1)
    weights = _WEIGHTS[: values.shape[1]]
    mixed = _scattered((values * weights).sum(axis=1, dtype=np.uint64) + _numbers())
    return tuple(int(value) for value in mixed >> np.uint64(1))


def _numbers() -> Shingles:
    """Tell equal values in different bands apart."""
    return np.arange(BANDS, dtype=np.uint64) * _BORROWED


def _scattered(values: Shingles) -> Shingles:
    """Return the finalizer of splitmix64 (Steele, Lea, Flood 2014): each bit depends on all."""
    values = (values ^ (values >> np.uint64(30))) * _WEIGHTS[1]
    values = (values ^ (values >> np.uint64(27))) * _WEIGHTS[2]
    return values ^ (values >> np.uint64(31))
