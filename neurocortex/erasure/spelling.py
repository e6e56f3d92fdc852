r"""Regular expressions that find a text however it was written down.

The same text is stored as it is, as JSON with `\u00e9` for what is not ASCII, as JSON inside of
JSON with `\\u00e9`, with another case, with other white space between its words. The expressions
mean the same to Python's `re` and to PostgreSQL, both told to ignore case.
"""

import re
from collections.abc import Callable
from typing import Final

Plain = Callable[[str], str]
"""Returns what finds a character that is written as it is."""

_SPACE: Final = r"(?:\s|\\+[nrt])+"
"""Between words: a line may have ended there, or its end be written as an escape."""


def in_texts(text: str) -> str:
    """Return what finds a text in texts and in JSON."""
    return _written(text, re.escape)


def in_escaped_bytes(text: str) -> str:
    """Return what finds it in UTF-8 as PostgreSQL's `encode(…, 'escape')` shows that."""
    return _written(text, _octal)


def in_files(text: str) -> str:
    """Return what finds it in files, the text of a dump among them, where bytes are hexadecimal."""
    spellings = {text.strip(), text.strip().lower(), text.strip().upper(), text.strip().title()}
    return "|".join([in_texts(text), *sorted(each.encode().hex() for each in spellings)])


def _written(text: str, plain: Plain) -> str:
    words = ("".join(_character(each, plain) for each in word) for word in text.split())
    return _SPACE.join(words)


def _character(character: str, plain: Plain) -> str:
    if character.isascii():
        return rf"\\*{re.escape(character)}" if character in "\"\\/'" else re.escape(character)
    cases = sorted({character, character.lower(), character.upper()})
    ways = [way for each in cases for way in (plain(each), _unicode(each))]
    return f"(?:{'|'.join(ways)})"


def _unicode(text: str) -> str:
    r"""Return what finds JSON's escapes; a character beyond the first plane has two of them."""
    units = text.encode("utf-16-be").hex()
    return "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _octal(text: str) -> str:
    return "".join(rf"\\{byte:03o}" for byte in text.encode())
