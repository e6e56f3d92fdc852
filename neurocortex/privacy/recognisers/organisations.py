"""Organisations: by their legal form or kind, and by the words before them."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from neurocortex.privacy.entities import ORGANIZATION, Span
from neurocortex.privacy.words import Run, is_family, is_ordinary, is_place

NAME: Final = "organisations"

_CAPITAL: Final = r"(?:[A-ZÀ-ÖØ-Þ][\w&'’.-]*)"
_KIND: Final = (
    r"(?:Inc|LLC|L\.L\.C|Ltd|Limited|PLC|plc|LLP|LP|Corp|Corporation|Co|Company|Companies|GmbH|AG|KG"
    r"|SA|S\.A|SE|NV|BV|AB|ASA|Oy|Oyj|A/S|ApS|SpA|S\.p\.A|SRL|Srl|SARL|Kft|Zrt|s\.r\.o|d\.o\.o"
    r"|Group|Holdings?|Partners|Associates|Ventures|Investments|Industries|Enterprises|Solutions"
    r"|Technologies|Systems|Laboratories|Labs|Consulting|Foundation|Institute|University|College"
    r"|Academy|Bank|Insurance|Airlines|Motors|Pharmaceuticals|Hospital|Ministry|Agency|Society"
    r"|Association|Federation|Union|Sons)"
)
_WITH_KIND: Final = re.compile(
    rf"\b(?!The\b|In\b|At\b|A\b)(?:\d{{1,3}} )?{_CAPITAL}"
    rf"(?: (?:(?:and|of|&) )?{_CAPITAL}){{0,4}}?,?"
    rf" (?:and |& )?{_KIND}\b\.?(?![^\W_])"
)
_FIRM: Final = re.compile(rf"\b{_CAPITAL}, {_CAPITAL} (?:and|&) {_CAPITAL}\b")
_PAIR: Final = re.compile(r"\b([A-Z][a-z]+)-([A-Z][a-z]+)\b")
_EMPLOYED: Final = re.compile(
    r"\b(?:work(?:s|ed|ing)? (?:for|at|with)|employ(?:ed|ee|er) (?:by|of|at)|join(?:ed|s)|company"
    r"|employer:?|organi[sz]ation:?|firm|founded|founder of|ceo of|director of|owner of|year at"
    r"|became"
    r"|job at|career at|customer of|client of|shares (?:of|in)|bought by|acquired by|office of)"
    r"\s+(?:the )?$",
    re.IGNORECASE,
)
_ITS: Final = re.compile(
    r"^(?:'s)? (?:is an? [\w-]+ (?:company|agency|firm|bank)|office|headquarters|employees?"
    r"|customers?|shareholders|CEO|website|orchestra|announced|songwriter|spokes\w+|stock)\b",
    re.IGNORECASE,
)


def organisations(text: str, runs: Sequence[Run]) -> Iterator[Span]:
    """Yield organisations; `runs` are the text's words with capitals."""
    for match in _WITH_KIND.finditer(text):
        yield Span(ORGANIZATION, match.start(), match.end(), 0.87, NAME)
    for match in _FIRM.finditer(text):
        names = [word.strip(",") for word in match[0].split() if word[0].isupper()]
        known = sum(is_family(name) for name in names)
        if known >= 2:
            yield Span(ORGANIZATION, match.start(), match.end(), 0.7, NAME)
    for match in _PAIR.finditer(text):
        if is_family(match[1]) and is_family(match[2]):
            yield Span(ORGANIZATION, match.start(), match.end(), 0.66, NAME)
    for each in runs:
        run = each[1:] if each[0].lower == "the" else each
        if not run or (len(run) == 1 and is_ordinary(run[0].text)):
            continue
        first, last = run[0], run[-1]
        name = text[first.start : last.end]
        before = text[max(0, first.start - 30) : first.start]
        if _EMPLOYED.search(before) and not is_place(name):
            yield Span(ORGANIZATION, first.start, last.end, 0.72, NAME)
        elif _ITS.match(text[last.end : last.end + 40]) and not is_ordinary(first.text):
            yield Span(ORGANIZATION, first.start, last.end, 0.68, NAME)
