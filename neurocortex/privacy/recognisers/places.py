"""Countries, states and cities: by a list, and by the words before them."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from neurocortex.privacy.entities import LOCATION, ZIP_CODE, Span
from neurocortex.privacy.words import Run, is_given, is_ordinary, word_list

NAME: Final = "places"

_PLACED: Final = re.compile(
    r"\b(?:in|near|visit(?:ed|ing)?|(?:moved|travel(?:l?ed|l?ing)?|flew|flying|going|went|return(?:ed)?"
    r"|trip|flight|move)(?: here| back)? (?:to|from)|arrived? (?:at|in)|(?:live[sd]?|living|based"
    r"|located|born|raised|headquartered) (?:in|at)|(?:originally|is|am|are|comes?|came) from"
    r"|city of|town of|village of|capital of|outside(?: of)?|downtown|northern|southern|eastern"
    r"|western|city:|country:|state:)\s+$",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"[^\W\d_](?:[\w.'’&-]*[\w.])?|&")
_LONGEST_NAME: Final = 5
"""Words in the name of a place, at most."""

_ZIP: Final = re.compile(
    r"\b(?:zip|postal|post)[ -]?(?:code)?\s*(?:is|:|#|number|no\.?|-)*\s*"
    r"([A-Z]{0,2}[ -]?\d{3,6}(?:[- ]\d{2,4}| [A-Z]{2}\b)?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b",
    re.IGNORECASE,
)


def places(text: str, runs: Sequence[Run]) -> Iterator[Span]:
    """Yield places; `runs` are the text's words with capitals."""
    for start, end in _listed(text):
        score = 0.4 if is_given(text[start:end]) else 0.75
        yield Span(LOCATION, start, end, score, NAME)
    for run in runs:
        if all(is_ordinary(word.text) for word in run):
            continue
        before = text[max(0, run[0].start - 30) : run[0].start]
        if _PLACED.search(before):
            yield Span(LOCATION, run[0].start, run[-1].end, 0.58, NAME)
        elif _is_shouted(text, run):
            yield Span(LOCATION, run[0].start, run[-1].end, 0.4, NAME)


def zip_codes(text: str) -> Iterator[Span]:
    """Yield postcodes that are called so."""
    for match in _ZIP.finditer(text):
        yield Span(ZIP_CODE, match.start(1), match.end(1), 0.7, NAME)


def _is_shouted(text: str, run: Run) -> bool:
    """Tell whether it is a town in capitals, as addresses of many countries write it."""
    long = all(word.text.isupper() and len(word.text) > 4 for word in run)
    return long and text[run[0].start - 2 : run[0].start] in {", ", "\n ", "in "}


def _listed(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the places of the list stand, the longest at each place; each has a capital."""
    known = word_list("places")
    words = list(_PART.finditer(text))
    after = 0
    for at, word in enumerate(words):
        if word.start() < after or not word[0][0].isupper():
            continue
        for last in reversed(words[at : at + _LONGEST_NAME]):
            end = last.end() - (0 if text[word.start() : last.end()].lower() in known else 1)
            if (
                text[word.start() : end].lower().rstrip() in known
                and not text[end : end + 1].isalnum()
            ):
                yield word.start(), end
                after = end
                break
