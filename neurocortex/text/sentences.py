"""Where sentences begin and end.

A rule-based splitter in the manner of Kiss & Strunk's token classes (2006, "Unsupervised
Multilingual Sentence Boundary Detection") with fixed lists in place of learned ones: a full stop
ends a sentence unless what stands before it is an abbreviation, an initial or a list number, or
what stands behind it starts in lower case. One pass, linear in the length of the text.
"""

import re
from typing import Final, NamedTuple


class Span(NamedTuple):
    """A stretch of a text, in characters: `text[start:end]`."""

    start: int
    end: int


_BOUNDARY: Final = re.compile(
    r"""
      (?P<blank>\n[^\S\n]*+\n)                       # a blank line always ends
    | (?P<item>\n(?=[^\S\n]*+(?:[-*+•‣▪–]|\(?\d{1,3}[.)]|\(?[a-z]\))[^\S\n]))   # before a list item
    | (?P<wide>[。！？｡।॥؟۔։።။។]++["'”’»」』）)\]]*+)    # scripts that need no space behind
    | (?P<stop>(?<![.!?…])[.!?…]++                   # a run is looked at once: linear time
        ["'”’»)\]]*+
        (?:\[[\d,\s–-]{1,40}\])*+                    # reference numbers set behind the stop
        (?=\s))
    """,
    re.VERBOSE,
)
_NEXT_WORD: Final = re.compile(r"\s*+[\"'“‘«(\[¿¡]*+(\w{0,24})")
_OPENERS: Final = "([{\"'“‘«"
_LOOK_BACK: Final = 32
"""Characters searched for the word before a stop; no abbreviation is longer."""


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEVER_ENDS: Final = _listed(
    "e.g i.e eg ie cf vs viz dr mr mrs ms prof gen col sgt capt lt rev hon st mt messrs"
    " fig figs eq eqs tab ref refs approx ca resp ed eds gov sen rep dept univ incl excl"
    " z.b d.h u.a bzw vgl abb hr fr mme mlle p.ex ej sra"
)
"""Abbreviations that something always follows."""
_NUMBERED: Final = _listed("no nos nr vol pp p pt ch chap sec sect art para v ver")
"""Words that are abbreviations where a number follows."""
_MAY_END: Final = _listed(
    "al etc inc ltd co corp jr sr sp spp subsp var bros dist a.m p.m ph.d m.d b.sc m.sc"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""Abbreviations that may also close a sentence: the word behind decides."""
_STARTERS: Final = _listed(
    "the a an this that these those it its he she they we i you his her their our my"
    " there here in on at by for from with without to of as if when while where after"
    " before since during although though because however moreover furthermore therefore"
    " thus hence then also but and or so yet not no all some many most several each both"
    " one two what who why how finally first second overall another other such it's der"
    " die das ein eine le la les un une el los"
)
"""Words that open sentences far more often than they follow an abbreviation."""
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]")


def sentences(text: str) -> list[Span]:
    """Return the sentences of `text`, in order.

    Every character that is not white space lies in exactly one span; no span begins or ends with
    white space. Blank lines and list items end a sentence, a line break alone does not.
    """
    found: list[Span] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if boundary.lastgroup == "stop" and not _ends(text, start, boundary):
            continue
        _keep(found, text, start, boundary.end())
        start = boundary.end()
    _keep(found, text, start, len(text))
    return found


def _keep(found: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    size = len(piece.strip())
    if size:
        found.append(Span(start + left, start + left + size))


def _ends(text: str, start: int, boundary: re.Match[str]) -> bool:
    """Whether the stop at `boundary` ends the sentence that began at `start`."""
    following = _NEXT_WORD.match(text, boundary.end())
    word = following[1] if following else ""
    if word.islower():
        return False
    stop = boundary.start()
    if text[stop] != "." or text[stop : stop + 2] in ("..", ".!", ".?"):
        return True
    left = max(start, stop - _LOOK_BACK)
    before = text[left:stop].split()
    if not before:
        return False
    token = before[-1].lstrip(_OPENERS)
    return _ends_after(token, word, alone=left == start and len(before) == 1)


def _ends_after(token: str, word: str, *, alone: bool) -> bool:
    """Whether a full stop between `token` and `word` ends a sentence.

    `alone`: nothing but the token stands before the stop, as in a list number or a heading's.
    """
    lowered = token.casefold()
    if alone and (token.isdecimal() or len(token) == 1):
        return False
    if lowered in _NEVER_ENDS:
        return False
    if lowered in _NUMBERED and word[:1].isdecimal():
        return False
    if lowered in _MAY_END or (_INITIALS.fullmatch(token) and token[:1].isupper()):
        return word.casefold() in _STARTERS
    return True
