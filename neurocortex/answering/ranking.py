"""Which sentence of the retrieved passages answers a question: a rule, measured, without a model.

A sentence scores by the share of the question it covers, its terms weighted by how rare they are
among the retrieved sentences (BM25's idf; Robertson & Zaragoza 2009), and by what stands around
and in it. The weights were set on COVID-QA, in round numbers: coverage alone finds the answering
sentence for 59 of 100 questions, the rule for 63, a linear model trained on its features for 62
(five-fold cross-validation by paper). What papers hardly have, headings between short sections,
tables and code, was weighed on this project's own docs/, where 40 questions of a user then find 37
answers in place of 12 (wording and rule together) and COVID-QA's figures stay as they were.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from neurocortex.answering.cues import asked, met, subject
from neurocortex.domain.answers import Passage
from neurocortex.text.sentences import Span, sentences
from neurocortex.text.tokens import tokens

_LENGTH: Final = 0.1
"""How far the length of a sentence counts against it, as b in BM25."""
_HEADING: Final = 0.5
"""How far a term in the heading above counts as one in the sentence."""
_CONTEXT: Final = 0.4
"""Weight of what it covers together with the heading and the sentence before it."""
_CLOSENESS: Final = 0.15
"""Weight of question terms standing as close together as in the question."""
_PRIOR: Final = 0.1
"""Weight of the retrieval score, relative to the best passage's."""
_CUE: Final = 0.2
"""For each kind of answer asked for that the sentence gives."""
_EMPTY: Final = 0.3
"""Taken from a sentence that adds next to nothing to the question: a heading, an announcement."""
_FEW: Final = 3
"""Terms; a sentence with fewer of its own adds next to nothing."""
_TITLE: Final = 0.6
"""Taken from a heading inside a passage: it repeats the question better than its answer does."""
_ROW: Final = 0.15
"""Taken from a table's row, which says little without its header, and from a piece of code."""
_INDENTED: Final = "\n  "
"""In code. Converters join the lines of prose, or keep them without indentation."""
_HEADLINE: Final = re.compile(r"(?:\d[\d.]*\s)?[A-Z][^\n|]{0,100}[^\s.!?:;,…]")
"""A paragraph of one line that ends no sentence. It says what the sentences below it are about."""
_LONG: Final = 60
"""Words. In a longer sentence with line breaks, as in a table's row, each line is its own."""
CELL: Final = " | "
"""What converters put between the cells of a table's row."""
_LINE: Final = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer the question."""

    passage: Passage
    spans: Sequence[Span]
    """All sentences of the passage."""
    place: int
    """Which of them it is."""
    coverage: float
    """Share of the question's terms it holds, weighted by rarity, 0 to 1; a term that only the
    heading above holds counts half."""
    score: float

    @property
    def text(self) -> str:
        """The sentence, word for word."""
        span = self.spans[self.place]
        return self.passage.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: Passage
    spans: Sequence[Span]
    place: int
    terms: Sequence[str]
    heading: frozenset[str]
    """Terms of the headings above it."""
    before: frozenset[str]
    """Terms of the sentence before it in the passage."""
    is_heading: bool


def rank(question: str, passages: Sequence[Passage]) -> list[Candidate]:
    """Return the sentences of `passages`, the likeliest answer first; ties in passage order.

    Empty where the question has no terms (only stop words), or where there are no passages.
    """
    wanted = terms_of(question)
    found = list(_once(passages))
    if not wanted or not found:
        return []
    weights = _weights(wanted, found)
    pairs = set(pairwise(wanted))
    cues = asked(question)
    usual = sum(len(each.terms) for each in found) / len(found) or 1
    best = max(passage.score for passage in passages)
    ranked = []
    for each in found:
        terms = set(each.terms)
        own, below = _coverage(weights, terms), _coverage(weights, terms | each.heading)
        coverage = own + _HEADING * (below - own)
        candidate = Candidate(each.passage, each.spans, each.place, coverage, 0.0)
        score = (
            coverage / (1 - _LENGTH + _LENGTH * len(each.terms) / usual)
            + _CONTEXT * _coverage(weights, terms | each.heading | each.before)
            + _CLOSENESS * _closeness(pairs, each.terms)
            + _PRIOR * (each.passage.score / best if best > 0 else 0)
            + _CUE * met(cues, candidate.text, question)
            - _EMPTY * (len(terms.difference(weights)) < _FEW)
            - _TITLE * each.is_heading
            - _ROW * (CELL in candidate.text or _INDENTED in candidate.text)
        )
        ranked.append(Candidate(each.passage, each.spans, each.place, coverage, score))
    return sorted(ranked, key=lambda candidate: -candidate.score)


def terms_of(question: str) -> list[str]:
    """Return the terms by which a sentence is matched with `question`, in order."""
    return tokens(subject(question))


def _once(passages: Sequence[Passage]) -> Iterator[_Sentence]:
    """Yield each sentence, one that overlapping passages share from the first of them."""
    seen = set()
    for passage in passages:
        spans = list(_spans(passage.text))
        terms = [tokens(passage.text[span.start : span.end]) for span in spans]
        above = passage.heading or ""
        heading, outermost = frozenset(tokens(above)), tokens(above.partition(" > ")[0])
        for place, span in enumerate(spans):
            is_heading = _is_heading(passage.text, spans, place)
            if is_heading:  # nearer than the passage's own, which is that of most of it
                heading = frozenset((*terms[place], *outermost))
            key = (passage.document_id, passage.start + span.start, passage.start + span.end)
            if key not in seen:
                seen.add(key)
                before = frozenset(terms[place - 1]) if place else frozenset()
                yield _Sentence(passage, spans, place, terms[place], heading, before, is_heading)


def _is_heading(text: str, spans: Sequence[Span], place: int) -> bool:
    """Whether a sentence stands alone on its line, between blank lines, and ends none."""
    start, end = spans[place]
    if place + 1 == len(spans) or not _HEADLINE.fullmatch(text, start, end):
        return False
    before = text[spans[place - 1].end : start] if place else "\n\n"
    return "\n\n" in before and "\n\n" in text[end : spans[place + 1].start]


def _spans(text: str) -> Iterator[Span]:
    for span in sentences(text):
        sentence = text[span.start : span.end]
        if "\n" in sentence and (CELL in sentence or len(sentence.split()) > _LONG):
            for line in _LINE.finditer(text, span.start, span.end):
                yield Span(line.start(), line.end())
        else:
            yield span


def _weights(wanted: Sequence[str], found: Sequence[_Sentence]) -> Mapping[str, float]:
    """Return the idf of each term of the question among the sentences found."""
    holding = Counter(term for each in found for term in set(each.terms))
    return {
        term: math.log(1 + (len(found) - holding[term] + 0.5) / (holding[term] + 0.5))
        for term in dict.fromkeys(wanted)
    }


def _coverage(weights: Mapping[str, float], terms: set[str]) -> float:
    return sum(weight for term, weight in weights.items() if term in terms) / sum(weights.values())


def _closeness(pairs: set[tuple[str, str]], terms: Sequence[str]) -> float:
    """Return how close the neighbours in the question stand in the sentence, 0 to 1."""
    places: dict[str, list[int]] = {}
    for place, term in enumerate(terms):
        places.setdefault(term, []).append(place)
    total = 0.0
    for one, two in pairs:
        if one != two and one in places and two in places:
            total += 1 / min(abs(left - right) for left in places[one] for right in places[two])
    return total / max(len(pairs), 1)
