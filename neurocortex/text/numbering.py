"""Texts as numbers: the terms of many texts, each term known by a number."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neurocortex.text.tokens import term, words

_STOP: Final = -1
"""The number of a word that is no term."""


@dataclass(frozen=True, slots=True)
class NumberedTexts:
    """The terms of texts."""

    terms: Sequence[str]
    """All of them, in alphabetical order: a term's number is its place here."""
    numbers: NDArray[np.int64]
    """Those of all texts, one text after the other, repetitions included."""
    lengths: NDArray[np.int64]
    """How many of the numbers belong to each text."""


def number(texts: Iterable[str]) -> NumberedTexts:
    """Return the terms of the texts, as `tokens` gives them, numbered.

    Takes half the time of `tokens`: a word is looked up as it stands, and made a term only once.
    """
    met = _Met()
    stream = array("i")
    counts = array("q")
    for text in texts:
        before = len(stream)
        stream.extend(map(met.__getitem__, words(text)))
        counts.append(len(stream) - before)
    terms = sorted(met.terms)
    rank = np.empty(len(terms), np.int64)
    rank[[met.terms[each] for each in terms]] = np.arange(len(terms))
    found = np.asarray(stream, np.int64)
    text_of = np.repeat(np.arange(len(counts)), np.asarray(counts))
    return NumberedTexts(
        terms=terms,
        numbers=rank[found[found != _STOP]],
        lengths=np.bincount(text_of[found != _STOP], minlength=len(counts)),
    )


class _Met(dict[str, int]):
    """The words met so far, each with the number of its term: as the terms came."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        found = term(word)
        number = self.terms.setdefault(found, len(self.terms)) if found else _STOP
        self[word] = number
        return number
