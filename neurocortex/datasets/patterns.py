"""Regular expressions that users write, with an end to how long they may search.

Python's `re` has none: `(a+)+$` searches for years in forty letters, and no task's timeout can
interrupt it. The package `regex` reads the same syntax, and gives up when told to.
Source: https://github.com/mrabarnett/mrab-regex
"""

from collections.abc import Callable
from typing import Final

import regex

MAX_CHARS: Final = 500
"""Longer patterns and replacements are refused: nobody understands them."""

TIMEOUT_S: Final = 0.1
"""What one value may take. A pattern without backtracking takes microseconds."""


def check(pattern: str, replacement: str) -> None:
    """See that a pattern can be read, and that its replacement names groups it has.

    Raises:
        ValueError: one of them cannot be used.
    """
    try:
        regex.compile(pattern)
        # Groups are looked up at the first match, so this one always matches. The line's end closes
        # a comment, which a pattern in verbose mode may end with.
        always = regex.compile(f"(?:{pattern}\n)?")
    except (regex.error, RecursionError) as error:
        raise ValueError(f"the pattern {pattern!r} cannot be read: {error}.") from None
    try:
        always.sub(replacement, "", timeout=TIMEOUT_S)
    except TimeoutError:
        raise ValueError(f"the pattern {pattern!r} never ends its search.") from None
    except (regex.error, IndexError) as error:
        raise ValueError(f"the replacement {replacement!r} cannot be used: {error}.") from None


def replacer(pattern: str, replacement: str) -> Callable[[str], str]:
    r"""Return what puts the replacement wherever the pattern is found in a text.

    It raises ValueError where the search takes longer than `TIMEOUT_S`.

    >>> replacer(r"^(\d+) oz$", r"\1")("12 oz")
    '12'
    """
    compiled = regex.compile(pattern)

    def replace(text: str) -> str:
        try:
            return str(compiled.sub(replacement, text, timeout=TIMEOUT_S))
        except TimeoutError:
            raise ValueError(
                f"searching it for {pattern!r} took longer than {TIMEOUT_S} s;"
                " write the pattern without a repetition inside a repetition"
            ) from None

    return replace
