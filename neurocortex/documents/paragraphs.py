"""Joins the printed lines of pages to paragraphs: what a pdf's layout took apart."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_HYPHENATED: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_BROKEN: Final = re.compile(r"([^\W\d_]+)-$")
_WORD: Final = re.compile(r"[^\W\d_]+")
_BULLET: Final = re.compile(r"(?:[-*•‣▪–]|\(?\d{1,3}[.)]|\([a-z]\))\s")
_NUMBER: Final = re.compile(r"\d+")
_PAGE_NUMBER: Final = re.compile(
    r"(?:page\s*)?[-–—|\s]*#(?:\s*(?:of|/)\s*#)?[-–—|\s]*", re.IGNORECASE
)
"""A line that holds only a page's number, its digits written as one #."""
_SENTENCE_ENDS: Final = (".", "!", "?", ":", "。", "！", "？")
_SHORT: Final = 0.6
"""A line under this share of the page's usual length ends a paragraph: a heading, a table row."""
_ENDING: Final = 0.9
"""The same for a line that also ends a sentence."""
_RUNNING_PAGES: Final = 3
"""A line at the edge of that many pages, and of half of them all, is a running title."""


def paragraphs(pages: Sequence[str]) -> Iterator[list[str]]:
    """Yield the paragraphs of each page, from the lines a pdf prints.

    Words divided at a line's end are joined again; page numbers and running titles are left out.
    """
    lines = _without_running_titles([_lines(page) for page in pages])
    vocabulary = _Vocabulary(pages)
    for page in lines:
        yield list(_join(page, vocabulary))


def continues(before: str, after: str) -> bool:
    """Whether a paragraph that a page or a line ended goes on with the next."""
    if before.endswith(_SENTENCE_ENDS):
        return False
    return after[:1].islower() or before.endswith(",")


def _lines(page: str) -> list[str]:
    return [" ".join(line.split()) for line in page.strip().splitlines()]


def _without_running_titles(pages: Sequence[list[str]]) -> list[list[str]]:
    edges = Counter(
        shape for page in pages if page for shape in {_shape(page[0]), _shape(page[-1])}
    )
    needed = max(_RUNNING_PAGES, len(pages) / 2)
    running = {shape for shape, count in edges.items() if count >= needed}

    def is_running(line: str) -> bool:
        shape = _shape(line)
        return shape in running or _PAGE_NUMBER.fullmatch(shape) is not None

    kept = []
    for page in pages:
        body = page[1:] if len(page) > 1 and is_running(page[0]) else page
        kept.append(body[:-1] if len(body) > 1 and is_running(body[-1]) else body)
    return kept


def _shape(line: str) -> str:
    return _NUMBER.sub("#", line)


class _Vocabulary:
    """The words a document uses inside its lines, to tell a divided word from a compound."""

    def __init__(self, pages: Iterable[str]) -> None:
        self._compounds: set[str] = set()
        self._words: set[str] = set()
        for page in pages:
            lowered = page.casefold()
            self._compounds.update(_HYPHENATED.findall(lowered))
            self._words.update(_WORD.findall(lowered))

    def joined(self, left: str, right: str) -> str:
        """Return `left` and `right`, which a hyphen at a line's end divides, as one word."""
        left_part, right_part = _BROKEN.search(left), _WORD.match(right)
        if left_part is None or right_part is None or not right[0].islower():
            return left + right
        compound = f"{left_part[1]}-{right_part[0]}".casefold()
        whole = compound.replace("-", "")
        keep = compound in self._compounds and whole not in self._words
        return left + right if keep else left[:-1] + right


def _join(lines: Sequence[str], vocabulary: _Vocabulary) -> Iterator[str]:
    lengths = sorted(len(line) for line in lines if line)
    usual = lengths[len(lengths) * 4 // 5] if lengths else 0
    paragraph = before = ""
    for line in lines:
        if paragraph and (not line or _ends(before, usual) or _BULLET.match(line)):
            yield paragraph
            paragraph = ""
        if not paragraph:
            paragraph = line
        elif _is_divided(paragraph):
            paragraph = vocabulary.joined(paragraph, line)
        else:
            paragraph = f"{paragraph} {line}"
        before = line
    if paragraph:
        yield paragraph


def _ends(line: str, usual: int) -> bool:
    if _is_divided(line):
        return False
    return len(line) < usual * (_ENDING if line.endswith(_SENTENCE_ENDS) else _SHORT)


def _is_divided(text: str) -> bool:
    return len(text) > 1 and text[-1] == "-" and text[-2].isalnum()
