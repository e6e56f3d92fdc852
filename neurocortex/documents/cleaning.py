"""What every converter does to text before it becomes a document.

PostgreSQL stores neither NUL nor lone surrogates, and search must not miss `file` because a pdf
wrote it with the ligature U+FB01, so both go here, once, for all formats.
"""

import re
import unicodedata
from typing import Final

_CONTROLS: Final = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r\f\x85"
}
_INVISIBLE: Final = dict.fromkeys([0x00AD, 0x200B, 0x2060, 0xFEFF])
"""Soft hyphen, zero width space, word joiner, byte order mark: they part words for no reader."""
_LINE_ENDS: Final = {0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x0C: "\n\n", 0x2029: "\n\n"}
_LIGATURES: Final = dict(
    zip(range(0xFB00, 0xFB07), ["ff", "fi", "fl", "ffi", "ffl", "st", "st"], strict=True)
)
_SURROGATES: Final = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_TABLE: Final = _CONTROLS | _INVISIBLE | _LINE_ENDS | _LIGATURES | _SURROGATES
_UNCLEAN: Final = re.compile(f"[{''.join(re.escape(chr(code)) for code in sorted(_TABLE))}]")
_LINE_SPACE: Final = re.compile(r"[^\S\n]+\n")
_MANY_LINES: Final = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Return `text` in Unicode NFC with \\n line ends, at most one blank line in a row, no control
    or invisible characters, no lone surrogates, no Latin ligatures, and no space around it."""
    text = text.replace("\r\n", "\n")
    if _UNCLEAN.search(text):
        text = text.translate(_TABLE)
    text = _MANY_LINES.sub("\n\n", _LINE_SPACE.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def clean_line(text: str) -> str:
    """Return `text` cleaned and on one line, each run of white space as one space."""
    return " ".join(clean(text).split())
