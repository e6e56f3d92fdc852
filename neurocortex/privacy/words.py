"""The word lists of the package, and the words of a text that are written like names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")

PARTICLES: Final = frozenset(
    "al bin da das de del della den der di do dos du el ibn la le les van von y zu".split()  # noqa: SIM905
)
"""Small words inside of names."""

_INTRODUCTION: Final = re.compile(r"\b(?:name is|name:|named|i'm|calls? me) $")

_SENTENCE_END: Final = ".!?:;\"“”„'‘’(*-–—"

_ABBREVIATIONS: Final = re.compile(
    r"\b(?:mrs?|ms|dr|prof|st|sr|jr|rev|hon|capt|lt|sgt|gen|col|[A-Z])\.$", re.IGNORECASE
)

_POSSESSIVE: Final = re.compile(r"['’]s$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text that begins with a capital letter, without a possessive `'s`."""

    text: str
    start: int
    end: int
    opens: bool
    """It is the first one of a sentence, a line or a quotation: a capital tells nothing there."""

    @property
    def lower(self) -> str:
        """The word as the lists hold it."""
        return self.text.lower()

    @property
    def is_initial(self) -> bool:
        """Tell whether it is one letter, as in `J. Smith`."""
        return len(self.text) == 1


Run = tuple[Word, ...]
"""Words with capitals that stand together, particles between them left out."""


@lru_cache(maxsize=8)
def word_list(name: str) -> frozenset[str]:
    """Return the lines of `dictionaries/NAME.txt` without its comments, in lower case."""
    lines = (files(__package__) / "dictionaries" / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(line.lower() for line in lines if line and not line.startswith("#"))


def is_given(word: str) -> bool:
    """Tell whether it is a given name, as far as the list knows; so is `Anne-Marie`."""
    known = word_list("given_names")
    return all(part in known for part in word.lower().split("-"))


def is_family(word: str) -> bool:
    """Tell whether it is a family name, as far as the list knows; so is `Smith-Xy`."""
    known = word_list("family_names")
    return any(part in known for part in word.lower().split("-"))


def is_ordinary(word: str) -> bool:
    """Tell whether it is an ordinary English word, in the singular or the plural."""
    ordinary = word_list("ordinary_words")
    lower = word.lower().replace("’", "'")
    return lower in ordinary or (lower.endswith("s") and lower[:-1] in ordinary)


def with_capitals(text: str) -> str:
    """Return a text without capitals as if names had some; any other text as it is.

    Given names and places get them, the words behind a given name, and what is introduced as a
    name, where they are no ordinary words. No character changes its place.
    """
    if text != text.lower():
        return text
    made = list(text)
    named = 0
    for match in _WORD.finditer(text):
        word = match[0]
        known = is_given(word) or is_place(word)
        introduced = _INTRODUCTION.search(text[max(0, match.start() - 20) : match.start()])
        if introduced or ((known or named == match.start()) and not is_ordinary(word)):
            made[match.start()] = word[0].upper() if len(word[0].upper()) == 1 else word[0]
            if introduced or is_given(word) or len(word) == 1:
                named = match.end() + (2 if text[match.end() : match.end() + 1] == "." else 1)
    return "".join(made)


def is_place(text: str) -> bool:
    """Tell whether it is a country, state or large city."""
    return text.lower() in word_list("places")


def capital_runs(text: str) -> Iterator[Run]:
    """Yield what is written like names: words with capitals, with blanks between them only."""
    run: list[Word] = []
    between = ""
    for match in _WORD.finditer(text):
        word = match[0]
        if run:
            between = text[run[-1].end : match.start()]
        if word[0].isupper():
            if run and not _joins(between, run[-1]):
                yield tuple(run)
                run = []
            end = match.end() - (2 if _POSSESSIVE.search(word) else 0)
            run.append(
                Word(text[match.start() : end], match.start(), end, _opens(text, match.start()))
            )
            if end != match.end():
                yield tuple(run)
                run = []
        elif run and not (word in PARTICLES and _joins(between, run[-1])):
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)


def _joins(between: str, before: Word) -> bool:
    """Tell whether words belong together: blanks, a particle, or the dot of an initial."""
    words = between.strip(" ").removeprefix("." if before.is_initial else "").split(" ")
    return "\n" not in between and all(word in PARTICLES or not word for word in words)


def _opens(text: str, start: int) -> bool:
    if start == 0:
        return True
    before = text[max(0, start - 16) : start].rstrip(" \t")
    if not before:
        return False
    if before[-1] == "\n":
        return True
    return before[-1] in _SENTENCE_END and not _ABBREVIATIONS.search(before)
