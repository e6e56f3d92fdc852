"""How well a passage's words answer a question: BM25, and how near the words stand together.

BM25 ignores where words stand; a passage that has them in one sentence is the better answer.
Three terms are added, all from the literature on proximity in ranking: pairs of question terms
within a few words, and two that follow each other as in the question (the unordered and the ordered
window of Metzler & Croft's sequential dependence model, 2005, weighed like BM25TP, Büttcher et al.
2006), and the best-covered short stretch of the passage (Tao & Zhai 2007 compare such measures).

Measured on COVID-QA, chunks of 200 words: hit@1/5/10 .531/.749/.826 for BM25, .583/.790/.852 with
pairs, .592/.791/.854 with the stretch, too. With vectors, .603/.802/.858 without phrases and
.612/.813/.864 with them; a weight chosen on one half of the papers is as good on the other. Levels
off around the constants below; title boosts, pseudo relevance feedback, scores of whole documents
and of neighbouring chunks did not help.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice, pairwise
from math import log
from typing import Final, NamedTuple

K1: Final = 0.9
B: Final = 0.4
"""Of BM25. Anserini's defaults; on COVID-QA they are level with 1.2/0.75 or better everywhere."""

PAIR_WINDOW: Final = 8
"""Terms apart, at most, for two to count as a pair."""
PAIR_WEIGHT: Final = 0.3
PHRASE_WEIGHT: Final = 0.4
STRETCH: Final = 15
"""Terms in a stretch: about the length of a sentence without its stop words."""
STRETCH_WEIGHT: Final = 0.6


Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What scoring needs to know of the collection."""

    chunks: int
    mean_length: float
    """Terms of a chunk."""
    idf: Mapping[str, float]
    """Of the question's terms; others do not count."""
    phrases: Set[Pair] = frozenset()
    """Terms that follow each other in the question, in its order."""


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
    phrases = {key: _phrases(occurrences, statistics.phrases) for key, occurrences in found.items()}
    pair_spread = Counter(pair for counted in pairs.values() for pair in counted)
    phrase_spread = Counter(pair for counted in phrases.values() for pair in counted)
    scores = {}
    for key, occurrences in found.items():
        norm = K1 * (1 - B + B * len(passages[key]) / statistics.mean_length)
        scores[key] = (
            bm25(passages[key], statistics)
            + PAIR_WEIGHT * _weight(pairs[key], pair_spread, statistics.chunks, norm)
            + PHRASE_WEIGHT * _weight(phrases[key], phrase_spread, statistics.chunks, norm)
            + STRETCH_WEIGHT * _best_stretch(occurrences, statistics.idf)
        )
    return scores


def bm25(terms: Sequence[str], statistics: Statistics) -> float:
    """Return what `lexical.search` gives for a chunk of these terms."""
    norm = K1 * (1 - B + B * len(terms) / statistics.mean_length)
    counts = Counter(term for term in terms if term in statistics.idf)
    return sum(statistics.idf[term] * saturated(count, norm) for term, count in counts.items())


def inverse_frequency(chunks: int, containing: int) -> float:
    """Return Lucene's idf of what stands in `containing` of `chunks` chunks."""
    return log(1 + (chunks - containing + 0.5) / (containing + 0.5))


def saturated(count: int, norm: float) -> float:
    """Return BM25's weight of `count` occurrences, at most K1 + 1."""
    return count * (K1 + 1) / (count + norm)


def _weight(
    counted: Mapping[Pair, int], spread: Mapping[Pair, int], chunks: int, norm: float
) -> float:
    """Return BM25's weight of pairs; `spread` is in how many passages each stands."""
    return sum(
        inverse_frequency(chunks, spread[pair]) * saturated(count, norm)
        for pair, count in counted.items()
    )


def phrases_of(terms: Sequence[str]) -> frozenset[Pair]:
    """Return the pairs of different terms that follow each other in a question."""
    return frozenset((one, other) for one, other in pairwise(terms) if one != other)


def _phrases(occurrences: Sequence[_Occurrence], wanted: Set[Pair]) -> Counter[Pair]:
    """Count the pairs that stand side by side, in the question's order."""
    return Counter(
        (one.term, other.term)
        for one, other in pairwise(occurrences)
        if other.position - one.position == 1 and (one.term, other.term) in wanted
    )


def _pairs(occurrences: Sequence[_Occurrence]) -> Counter[Pair]:
    """Count the pairs of different terms that stand within the window, in either order."""
    counted: Counter[Pair] = Counter()
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
