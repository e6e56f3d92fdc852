"""Cuts a document into the chunks that are embedded and found.

In this order: sections (told apart by their heading) are kept apart unless one is too small to
stand alone; inside a section whole sentences are packed until a chunk is full, ending early where
a paragraph ends close by; a chunk repeats the last sentences of the one before it. One pass each,
linear in the length of the text.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from neurocortex.documents.words import WORD
from neurocortex.domain.documents import Chunk, Document
from neurocortex.text.sentences import Span, sentences

_BLANK_LINE: Final = re.compile(r"\n[^\S\n]*\n")
_SMALL: Final = 4
"""A section, or the last chunk of one, under 1/4 of the allowed words does not stand alone."""
_EARLY: Final = 0.75
"""From this share of the allowed words on, a chunk ends where a paragraph does."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a part of one too long for a chunk: never cut further."""

    start: int
    end: int
    words: int
    opens_paragraph: bool


@dataclass(slots=True)
class _Part:
    """Neighbouring sections that share chunks."""

    top: str
    pieces: list[_Piece]

    @property
    def words(self) -> int:
        return sum(piece.words for piece in self.pieces)


def split(document: Document, *, words: int, overlap: int) -> tuple[Chunk, ...]:
    """Return the chunks of `document`, in order; none for a blank text.

    A chunk has at most `words` words and repeats at most `overlap` words of the one before it
    (never more than half of `words`), in whole sentences. `document.text[start:end] == text` holds
    for each, and every character that is not white space lies in at least one. The heading of a
    chunk is the one most of it stands under, its page the one it begins on.
    """
    overlap = min(overlap, words // 2)
    starts = [section.start for section in document.sections]
    chunks: list[Chunk] = []
    for part in _parts(document, words, overlap or words):
        for first, last in _pack(part.pieces, words, overlap):
            start, end = part.pieces[first].start, part.pieces[last - 1].end
            heading, page = _place(document, starts, start, end)
            chunks.append(Chunk(len(chunks), document.text[start:end], start, end, heading, page))
    return tuple(chunks)


def _parts(document: Document, words: int, grain: int) -> Sequence[_Part]:
    """Return the sections that share chunks, those under words / _SMALL joined to a neighbour."""
    parts: list[_Part] = []
    for heading, span in _regions(document):
        pieces = list(_pieces(document.text, span, words, grain))
        if not pieces:
            continue
        part = _Part((heading or "").split(" > ")[0], pieces)
        if not parts or parts[-1].words * _SMALL >= words:
            parts.append(part)
        elif len(parts) > 1 and parts[-2].top == parts[-1].top != part.top:
            parts[-2].pieces += parts.pop().pieces
            parts.append(part)
        else:
            parts[-1].pieces += part.pieces
            parts[-1].top = part.top
    if len(parts) > 1 and parts[-1].words * _SMALL < words:
        parts[-2].pieces += parts.pop().pieces
    return parts


def _regions(document: Document) -> Iterator[tuple[str | None, Span]]:
    """Yield each stretch of text under one heading. Pages do not part it: sentences run across."""
    marks = [(0, None), *((section.start, section.heading) for section in document.sections)]
    runs = [(heading, next(run)[0]) for heading, run in groupby(marks, key=lambda mark: mark[1])]
    ends = [*(start for _, start in runs[1:]), len(document.text)]
    for (heading, start), end in zip(runs, ends, strict=True):
        yield heading, Span(start, end)


def _pieces(text: str, span: Span, words: int, grain: int) -> Iterator[_Piece]:
    behind = span.start
    for sentence in sentences(text[span.start : span.end]):
        start, end = span.start + sentence.start, span.start + sentence.end
        opens = behind == span.start or _BLANK_LINE.search(text, behind, start) is not None
        count = len(WORD.findall(text, start, end))
        if count <= words:
            yield _Piece(start, end, count, opens)
        else:
            yield from _cut(text, start, end, grain, opens)
        behind = end


def _cut(text: str, start: int, end: int, grain: int, opens: bool) -> Iterator[_Piece]:
    """Yield a long sentence in pieces of at most `grain` words, cut at a line break if one is near.

    The pieces are as long as the overlap, so that chunks overlap inside such a sentence too.
    """
    count, behind = 0, start
    for word in WORD.finditer(text, start, end):
        new_line = count * 2 >= grain and "\n" in text[behind : word.start()]
        if count == grain or (count and new_line):
            yield _Piece(start, behind, count, opens)
            start, count, opens = word.start(), 0, False
        count, behind = count + 1, word.end()
    yield _Piece(start, end, count, opens)


def _pack(pieces: Sequence[_Piece], words: int, overlap: int) -> list[tuple[int, int]]:
    """Return the chunks of a part as ranges of its pieces: first, and one behind the last."""
    begins: list[int] = []
    ranges: list[tuple[int, int]] = []
    begin = 0
    while begin < len(pieces):
        first = _back(pieces, begin, min(overlap, words - pieces[begin].words))
        begins.append(begin)
        begin = _fill(pieces, first, begin, words)
        ranges.append((first, begin))
    if len(ranges) > 1 and _count(pieces, begins[-1], len(pieces)) * _SMALL < words:
        middle = _middle(pieces, begins[-2])
        room = words - _count(pieces, middle, len(pieces))
        ranges[-2:] = [
            (ranges[-2][0], middle),
            (_back(pieces, middle, min(overlap, room)), len(pieces)),
        ]
    return ranges


def _count(pieces: Sequence[_Piece], first: int, last: int) -> int:
    return sum(pieces[index].words for index in range(first, last))


def _back(pieces: Sequence[_Piece], begin: int, at_most: int) -> int:
    """Return the piece from which on at most `at_most` words lie before `begin`."""
    first, count = begin, 0
    while first and count + pieces[first - 1].words <= at_most:
        first -= 1
        count += pieces[first].words
    return first


def _fill(pieces: Sequence[_Piece], first: int, begin: int, words: int) -> int:
    """Return one behind the last piece of a chunk that repeats `first` and is new from `begin`."""
    count, end = _count(pieces, first, begin), begin
    while end < len(pieces) and count + pieces[end].words <= words:
        count += pieces[end].words
        end += 1
    full = end
    while full < len(pieces) and end > begin and count >= words * _EARLY:
        if pieces[end].opens_paragraph:
            return end
        end -= 1
        count -= pieces[end].words
    return full


def _middle(pieces: Sequence[_Piece], begin: int) -> int:
    """Return the piece at which the words from `begin` on fall into two halves."""
    total, count = _count(pieces, begin, len(pieces)), 0
    for index in range(begin, len(pieces) - 1):
        count += pieces[index].words
        if count * 2 >= total:
            return index + 1
    return len(pieces) - 1


def _place(
    document: Document, starts: Sequence[int], start: int, end: int
) -> tuple[str | None, int | None]:
    """Return the heading that most of the stretch stands under, and the page it begins on."""
    sections = document.sections
    first = max(bisect_right(starts, start) - 1, 0)
    share: Counter[str | None] = Counter()
    for index in range(first, len(sections)):
        if starts[index] >= end:
            break
        until = starts[index + 1] if index + 1 < len(starts) else end
        share[sections[index].heading] += min(until, end) - max(starts[index], start)
    heading = max(share, key=lambda known: share[known], default=None)
    began = sections and starts[first] <= start
    return heading, sections[first].page if began else None
