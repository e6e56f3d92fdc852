"""Personal data in texts of any length, found in windows and hidden."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from pydantic import JsonValue

from neurocortex.domain.documents import Document
from neurocortex.privacy.entities import INDIRECT, Span
from neurocortex.privacy.finding import Finder, resolve
from neurocortex.privacy.hiding import Hider
from neurocortex.privacy.policies import Action, TextPolicy

WINDOW: Final = 4000
"""Characters looked at together."""

OVERLAP: Final = 400
"""Characters that windows share: longer than any name or address, so that none is cut in two."""


SHORTEST_AGAIN: Final = 4
"""Characters of a value that is looked for in the rest of the text."""


_WORD: Final = re.compile(r"\w+")


class Moved(NamedTuple):
    """A span that was hidden: where it was, and where what stands for it is."""

    start: int
    end: int
    new_start: int
    new_end: int


class Hidden(NamedTuple):
    """A text with personal data hidden in it."""

    text: str
    moved: tuple[Moved, ...]
    """In order."""

    def place(self, offset: int) -> int:
        """Return where an offset of the original text is now; inside of a span, its beginning."""
        shift = 0
        for each in self.moved:
            if offset <= each.start:
                break
            if offset < each.end:
                return each.new_start
            shift = each.new_end - each.end
        return offset + shift


def find(text: str, finder: Finder) -> tuple[Span, ...]:
    """Return the personal data in a text of any length, in order and without overlaps.

    Raises:
        PrivacyModelError: the spaCy model is not installed.
    """
    found = [
        replace(span, start=span.start + start, end=span.end + start)
        for start, end in windows(text)
        for span in finder.find(text[start:end])
    ]
    return tuple(resolve(text, [*found, *_again(text, found)]))


def _again(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """Yield where a value that was found stands once more, in a place that does not tell."""
    by_value = {
        text[span.start : span.end]: span
        for span in found
        if span.entity not in INDIRECT and len(span) >= SHORTEST_AGAIN
    }
    by_word: dict[str, list[tuple[str, int]]] = {}
    for value in sorted(by_value, key=len, reverse=True):
        word = _WORD.search(value)
        if word is not None:
            by_word.setdefault(word[0], []).append((value, word.start()))
    for word in _WORD.finditer(text):
        for value, offset in by_word.get(word[0], ()):
            start = word.start() - offset
            end = start + len(value)
            if start >= 0 and text.startswith(value, start) and not text[end : end + 1].isalnum():
                yield replace(by_value[value], start=start, end=end)
                break


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield where windows begin and end: at white space where there is some."""
    start = 0
    while start + WINDOW < len(text):
        end = start + WINDOW
        space = text.rfind(" ", end - OVERLAP // 2, end)
        end = space if space > start else end
        yield start, end
        begin = text.rfind(" ", end - OVERLAP, end - OVERLAP // 2)
        start = begin + 1 if begin > start else end - OVERLAP
    yield start, len(text)


def hidden(text: str, finder: Finder, policy: TextPolicy, hider: Hider) -> str:
    """Return a text with the personal data in it hidden."""
    return replaced(text, find(text, finder), policy, hider).text


def replaced(text: str, spans: Sequence[Span], policy: TextPolicy, hider: Hider) -> Hidden:
    """Return a text with spans hidden, and where its parts are now."""
    parts: list[str] = []
    moved: list[Moved] = []
    at = length = 0
    for span in spans:
        action = policy.action(span.entity)
        if action is Action.KEEP:
            continue
        stand_in = hider.hide(text[span.start : span.end], span.entity, action)
        parts += [text[at : span.start], stand_in]
        start = length + span.start - at
        length = start + len(stand_in)
        moved.append(Moved(span.start, span.end, start, length))
        at = span.end
    return Hidden("".join([*parts, text[at:]]), tuple(moved))


def protected(document: Document, finder: Finder, policy: TextPolicy, hider: Hider) -> Document:
    """Return a document with personal data hidden in its text, title, headings and metadata.

    Its source stays: it is what finds the document again.
    """

    def hide(text: str) -> str:
        return hidden(text, finder, policy, hider)

    body = replaced(document.text, find(document.text, finder), policy, hider)
    return replace(
        document,
        title=hide(document.title),
        text=body.text,
        sections=tuple(
            replace(
                section,
                start=body.place(section.start),
                heading=section.heading and hide(section.heading),
            )
            for section in document.sections
        ),
        metadata={name: _hidden(value, hide) for name, value in document.metadata.items()},
    )


def _hidden(value: JsonValue, hide: Callable[[str], str]) -> JsonValue:
    """Return a value with the personal data of all texts in it hidden."""
    match value:
        case str():
            return hide(value)
        case list():
            return [_hidden(each, hide) for each in value]
        case dict():
            return {name: _hidden(each, hide) for name, each in value.items()}
        case _:
            return value
