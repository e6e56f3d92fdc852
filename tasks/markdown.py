"""Text that Markdown shows as it is, for artifacts."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

_SPECIAL: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#~$&-+="})
_NUMBERED: Final = re.compile(r"^(\d+)([.)])")
"""What begins a numbered list at the start of a line."""
_WEB: Final = ("http://", "https://")
_KEPT: Final = "/:?#[]@!$&'()*+,;=%~"
"""What is left as it is in an address: what has a meaning there (RFC 3986)."""


def plain(text: str) -> str:
    """Return text on one line in which no character is Markdown or HTML."""
    return _NUMBERED.sub(r"\1\\\2", " ".join(text.split()).translate(_SPECIAL))


def link(title: str, source: str) -> str:
    """Return a link to a source: a file, or a row `path#key` of one, by its address; a web page
    as it is."""
    return f"[{plain(title)}](<{_address(source)}>)"


def _address(source: str) -> str:
    """A row's key is whatever stands in somebody's file: it may not end the link or change it."""
    if source.lower().startswith(_WEB):
        return quote(source, safe=_KEPT)
    path, _, row = source.partition("#")
    return Path(path).absolute().as_uri() + (f"#{quote(row, safe='')}" if row else "")
