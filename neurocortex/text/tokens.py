"""The terms of a text: what the lexical index holds, and what a question is matched by.

NFKC, case folding, words, without English stop words, stemmed by Snowball's English rules
(Porter 2001, https://snowballstem.org). Scripts without spaces are cut into overlapping pairs of
characters, as Lucene's CJKAnalyzer does.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from threading import local
from typing import Final, Protocol, cast

import snowballstemmer

MAX_CHARS: Final = 64
"""Longer runs are cut: no word is that long, and an index key must not be."""

STEM_CACHE: Final = 2**17
"""Words whose stem is remembered: the vocabulary of a large collection, about 15 MB."""

# Negations and question words are among them: hardly any passage differs by them. Letters other
# than "a" and "i" are not: "vitamin D", "T cells".
_ENGLISH: Final = (
    "a about above after again against all am an and any are as at be because been before being"
    " below between both but by can cannot could did do does doing down during each few for from"
    " further had has have having he her here hers herself him himself his how i if in into is it"
    " its itself just me might more most must my myself no nor not now of off on once only or other"
    " our ours ourselves out over own same shall she should so some such than that the their theirs"
    " them themselves then there these they this those through to too under until up very was we"
    " were what when where which while who whom why will with would you your yours yourself"
    " yourselves"
)
STOP_WORDS: Final = frozenset(_ENGLISH.split())

_CLITICS: Final = frozenset(("s", "d", "m", "ll", "re", "ve"))
"""What English writes behind an apostrophe."""

_UNSPACED: Final = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(f"[{_UNSPACED}]+|[^\\W{_UNSPACED}](?:'?[^\\W{_UNSPACED}])*+")
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]+")
_ASCII_WORDS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() or chr(code) in "_'" else ord(" ")
    for code in range(128)
).ljust(256)
"""What `_WORD` and case folding do to ASCII, as a table: three times as fast."""


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - Snowball's name


_thread = local()


def tokens(text: str) -> list[str]:
    """Return the terms of `text` in order, repetitions included; none for a text of stop words."""
    return [found for found in map(term, words(text)) if found]


def words(text: str) -> list[str]:
    """Return the words of `text`, case folded, with the apostrophes in them."""
    if text.isascii():
        return _spaced_ascii(text).split()
    folded = (
        unicodedata.normalize("NFKC", text)
        .casefold()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    found: list[str] = _WORD.findall(folded)
    if any(map(_UNSPACED_RUN.match, found)):
        return [part for word in found for part in _parts(word)]
    return found


def spaced(text: str) -> str:
    """Return the `words` of `text` with one or more spaces between them, and maybe around them."""
    return _spaced_ascii(text) if text.isascii() else " ".join(words(text))


def _spaced_ascii(text: str) -> str:
    if "'" in text:  # found in a hundredth of the time that two of them are looked for in
        text = text.replace("''", "  ")  # two apostrophes are a quotation mark
    return text.encode("ascii").translate(_ASCII_WORDS).decode("ascii")


def _parts(word: str) -> Iterator[str]:
    if _UNSPACED_RUN.match(word) and len(word) > 1:
        yield from (word[start : start + 2] for start in range(len(word) - 1))
    else:
        yield word


@lru_cache(maxsize=STEM_CACHE)
def term(word: str) -> str:
    """Return the term of one of the `words`, empty for a stop word."""
    bare = _without_apostrophes(word.strip("'"))
    return "" if bare in STOP_WORDS else _stemmer().stemWord(bare[:MAX_CHARS])


def _without_apostrophes(word: str) -> str:
    """Return "patient" for "patient's", "eau" for "l'eau", nothing for "doesn't"."""
    head, apostrophe, tail = word.rpartition("'")
    if not apostrophe:
        return word
    if tail == "t" and head.endswith("n"):
        return ""
    if tail in _CLITICS:
        return head
    return tail if len(head) <= len("qu") else word.replace("'", "")


def _stemmer() -> _Stemmer:
    """Return this thread's stemmer: it keeps the word it works on in itself."""
    if not hasattr(_thread, "stemmer"):
        _thread.stemmer = snowballstemmer.stemmer("english")
    return cast("_Stemmer", _thread.stemmer)
