"""How well a passage's words answer a question: BM25, and how near the words stand together.

BM25 ignores where words stand; a passage that has them in one sentence is the better answer.
Two terms are added, both from the literature on proximity in ranking: pairs of question terms
within a few words (the unordered window of Metzler & Croft's sequential dependence model, 2005,
weighed like BM25TP, Büttcher et al. 2006), and the best-covered short stretch of the passage
(Tao & Zhai 2007 compare such measures).

Measured on COVID-QA, chunks of 200 words: hit@1/5/10 .531/.749/.826 for BM25, .583/.790/.852 with
pairs, .592/.791/.854 with both. Levels off around the constants below; title boosts, pseudo
relevance feedback, scores of whole documents and of neighbouring chunks did not help.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log
from typing import Final, NamedTuple

from neurocortex.lake.lexical import K1, B

PAIR_WINDOW: Final = 8
"""Terms apart, at most, for two to count as a pair."""
PAIR_WEIGHT: Final = 0.3
STRETCH: Final = 15
"""Terms in a stretch: about the length of a sentence without its stop words."""
STRETCH_WEIGHT: Final = 0.6


@dataclass(frozen=True, slots=True)
class Statistics:
    """What scoring needs to know of the collection."""

    chunks: int
    mean_length: float
    """Terms of a chunk."""
    idf: Mapping[str, float]
    """Of the question's terms; others do not count."""


class _Occurrence(NamedTuple):
    position: int
    term: str


def lexical_scores(
    passages: Mapping[int, Sequence[str]], statistics: Statistics
) -> Mapping[int, float]:
    """Return the score of each passage, given as its terms in order; 0 where no term matches."""
    found = {
        key: [
            _Occurrence(position, term)
            for position, term in enumerate(terms)
            if term in statistics.idf
        ]
        for key, terms in passages.items()
    }
    pairs = {key: _pairs(occurrences) for key, occurrences in found.items()}
    spread = Counter(pair for counted in pairs.values() for pair in counted)
    scores = {}
    for key, occurrences in found.items():
        norm = K1 * (1 - B + B * len(passages[key]) / statistics.mean_length)
        near = sum(
            inverse_frequency(statistics.chunks, spread[pair]) * saturated(count, norm)
            for pair, count in pairs[key].items()
        )
        scores[key] = (
            bm25(passages[key], statistics)
            + PAIR_WEIGHT * near
            + STRETCH_WEIGHT * _best_stretch(occurrences, statistics.idf)
        )
    return scores


def bm25(terms: Sequence[str], statistics: Statistics) -> float:
    """Return what `lexical.SEARCH` gives for a chunk of these terms."""
    norm = K1 * (1 - B + B * len(terms) / statistics.mean_length)
    counts = Counter(term for term in terms if term in statistics.idf)
    return sum(statistics.idf[term] * saturated(count, norm) for term, count in counts.items())


def inverse_frequency(chunks: int, containing: int) -> float:
    """Return Lucene's idf of what stands in `containing` of `chunks` chunks."""
    return log(1 + (chunks - containing + 0.5) / (containing + 0.5))


def saturated(count: int, norm: float) -> float:
    """Return BM25's weight of `count` occurrences, at most K1 + 1."""
    return count * (K1 + 1) / (count + norm)


def _pairs(occurrences: Sequence[_Occurrence]) -> Counter[tuple[str, str]]:
    """Count the pairs of different terms that stand within the window, in either order."""
    counted: Counter[tuple[str, str]] = Counter()
    for index, (position, term) in enumerate(occurrences):
        for other in islice(occurrences, index + 1, None):
            if other.position - position > PAIR_WINDOW:
                break
            if other.term != term:
                counted[min(term, other.term), max(term, other.term)] += 1
    return counted


def _best_stretch(occurrences: Sequence[_Occurrence], idf: Mapping[str, float]) -> float:
    """Return the highest summed weight of different terms within a stretch."""
    inside: Counter[str] = Counter()
    weight = best = 0.0
    first = 0
    for position, term in occurrences:
        if not inside[term]:
            weight += idf[term]
        inside[term] += 1
        while position - occurrences[first].position >= STRETCH:
            left = occurrences[first].term
            inside[left] -= 1
            if not inside[left]:
                weight -= idf[left]
            first += 1
        best = max(best, weight)
    return best
