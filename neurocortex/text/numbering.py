"""Texts as numbers: the terms of many texts, each term known by a number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neurocortex.text.tokens import spaced, term

BATCH_CHARS: Final = 2**21
"""Texts are taken apart so much at a time: enough that most words come more than once, and little
enough that a load's last batch leaves little to do."""

_STOP: Final = -1
"""The number of a word that is no term."""


@dataclass(frozen=True, slots=True)
class NumberedTexts:
    """The terms of texts."""

    terms: Sequence[str]
    """All of them, in alphabetical order: a term's number is its place here."""
    numbers: NDArray[np.int32]
    """Those of all texts, one text after the other, repetitions included."""
    lengths: NDArray[np.int64]
    """How many of the numbers belong to each text."""


def number(texts: Iterable[str]) -> NumberedTexts:
    """Return the terms of the texts, as `tokens` gives them, numbered."""
    numbering = Numbering()
    for text in texts:
        numbering.add(text)
    return numbering.finish()


class Numbering:
    """Numbers texts; of each it keeps its terms' numbers, not the text.

    Takes a quarter of the time of `tokens`: Arrow takes many texts apart at once and tells their
    different words, and each of these is looked up once a batch and made a term only once.
    """

    def __init__(self) -> None:
        """Start without texts."""
        self._met = _Met()
        self._waiting: list[bytes] = []
        self._chars = 0
        self._numbers: list[NDArray[np.int32]] = []
        self._lengths: list[NDArray[np.int64]] = []

    def add(self, text: str) -> None:
        """Add a text."""
        self._waiting.append(spaced(text).encode())
        self._chars += len(text)
        if self._chars >= BATCH_CHARS:
            self._number()

    def finish(self) -> NumberedTexts:
        """Return the terms of the texts that were added."""
        self._number()
        met = self._met.terms
        terms = sorted(met)
        rank = np.empty(len(terms), np.int32)
        rank[[met[each] for each in terms]] = np.arange(len(terms))
        return NumberedTexts(
            terms=terms,
            numbers=rank[np.concatenate([np.empty(0, np.int32), *self._numbers])],
            lengths=np.concatenate([np.empty(0, np.int64), *self._lengths]),
        )

    def _number(self) -> None:
        """Number the texts that wait."""
        import pyarrow as pa  # 30 MB that a search, which needs this package too, can do without
        import pyarrow.compute as pc

        # By buffers and DLPack: `pa.array` and `to_numpy` import pandas, a quarter of a second.
        offsets = np.zeros(len(self._waiting) + 1, np.int32)
        np.cumsum([len(each) for each in self._waiting], out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(self._waiting))]
        texts = pa.Array.from_buffers(pa.string(), len(self._waiting), buffers)
        split = pc.ascii_split_whitespace(texts)
        words = split.flatten().dictionary_encode()
        met = [self._met[word] for word in words.dictionary.to_pylist()]
        numbers = np.asarray(met, np.int32)[np.from_dlpack(words.indices)]
        is_term = numbers != _STOP
        terms_before = np.concatenate([[0], np.cumsum(is_term)])
        self._numbers.append(numbers[is_term])
        self._lengths.append(np.diff(terms_before[np.from_dlpack(split.offsets)]))
        self._waiting.clear()
        self._chars = 0


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
