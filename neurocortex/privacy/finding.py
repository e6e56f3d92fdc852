"""Finding personal data in a text, by Presidio's recognisers and by those of this package."""

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from neurocortex.privacy.entities import Entity, Span
from neurocortex.privacy.recognisers.addresses import addresses
from neurocortex.privacy.recognisers.internet import urls
from neurocortex.privacy.recognisers.numbers import cards, papers, phones
from neurocortex.privacy.recognisers.organisations import organisations
from neurocortex.privacy.recognisers.people import honorifics, people, repeated
from neurocortex.privacy.recognisers.places import places, zip_codes
from neurocortex.privacy.recognisers.traits import ages, dates, groups, occupations
from neurocortex.privacy.words import capital_runs, with_capitals

THRESHOLD: Final = 0.4
"""Findings of a lower score are left out; also what presidio-research measures Presidio with."""

_LENGTH_BONUS: Final = 0.003
_LONGEST_BONUS: Final = 50
"""Of two findings that overlap the surer one stays, and of two as sure the longer one: an address
is not taken apart by the name in it. Each character, up to so many, counts as so much of a score.
"""

_FULL_STOP: Final = re.compile(r"(?:(?<=[^\W_]{4})|(?<=\d))\.$")
"""The end of a sentence; that of `Inc.` and `Str.` stays."""

_OF_TEXT: Final[tuple[Callable[[str], Iterator[Span]], ...]] = (
    addresses,
    phones,
    cards,
    papers,
    ages,
    dates,
    groups,
    occupations,
    honorifics,
    zip_codes,
    urls,
)
_OF_RUNS: Final = (people, places, organisations)


class Finder:
    """Finds personal data. Loading Presidio takes some seconds: it is done at the first text."""

    def __init__(self, model: str | None = None, threshold: float = THRESHOLD) -> None:
        """Prepare one.

        Args:
            model: an installed spaCy model, `en_core_web_lg` say; None for patterns and lists.
            threshold: findings of a lower score are left out.
        """
        self._model = model
        self._threshold = threshold

    def find(self, text: str, entities: frozenset[Entity] | None = None) -> tuple[Span, ...]:
        """Return what is found, in order and without overlaps.

        Args:
            text: some thousand characters at most; `texts.find` takes longer ones.
            entities: only these; None for all.

        Raises:
            PrivacyModelError: the spaCy model is not installed.
        """
        if not text or text.isspace():
            return ()
        written = with_capitals(text)
        runs = tuple(capital_runs(written))
        found = [*_presidio(self._model, self._threshold)(text)]
        for recognise in _OF_TEXT:
            found += recognise(written)
        for recognise_runs in _OF_RUNS:
            found += recognise_runs(written, runs)
        found += repeated(written, found, runs)
        sure = [span for span in found if span.score >= self._threshold]
        resolved = resolve(text, sure)
        return tuple(span for span in resolved if entities is None or span.entity in entities)


def resolve(text: str, found: Sequence[Span]) -> list[Span]:
    """Return findings in order and without overlaps; what any of them covers stays covered.

    The best finding stays whole; what another one covers beside it becomes a finding of its own.
    """
    kept: list[Span] = []
    for span in sorted(found, key=_rank, reverse=True):
        for piece in list(_beside(span, kept)):
            if _says_something(text, piece):
                insort(kept, piece, key=_start)
    return [_trimmed(text, span) for span in kept]


def _start(span: Span) -> int:
    return span.start


def _rank(span: Span) -> float:
    return span.score + _LENGTH_BONUS * min(len(span), _LONGEST_BONUS)


def _beside(span: Span, kept: Sequence[Span]) -> Iterator[Span]:
    """Yield the parts of a span that none of `kept`, which are in order, covers."""
    at = span.start
    place = max(0, bisect_right(kept, span.start, key=_start) - 1)
    while place < len(kept) and kept[place].start < span.end:
        other = kept[place]
        if at < other.start:
            yield replace(span, start=at, end=other.start)
        at = max(at, other.end)
        place += 1
    if at < span.end:
        yield replace(span, start=at)


def _says_something(text: str, span: Span) -> bool:
    return any(character.isalnum() for character in text[span.start : span.end])


def _trimmed(text: str, span: Span) -> Span:
    """Leave out blanks, commas and the full stop of a sentence at the ends."""
    inner = _FULL_STOP.sub("", text[span.start : span.end])
    start = span.start + len(inner) - len(inner.lstrip(" \t\r\n,;"))
    return replace(span, start=start, end=start + len(inner.strip(" \t\r\n,;")))


@lru_cache(maxsize=4)
def _presidio(model: str | None, threshold: float) -> Callable[[str], Sequence[Span]]:
    from neurocortex.privacy.presidio import analyser  # 2 to 3 s to import

    return analyser(model, threshold)
