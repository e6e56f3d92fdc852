"""Text that Markdown shows as it is, for artifacts."""

from pathlib import Path

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#~$"})


def plain(text: str) -> str:
    """Return text on one line in which no character is Markdown or HTML."""
    return " ".join(text.split()).translate(_SPECIAL)


def link(title: str, source: str) -> str:
    """Return a link to a source: a file by its address, a web page as it is."""
    path, _, row = source.partition("#")
    url = source if "://" in source else Path(path).as_uri() + (f"#{row}" if row else "")
    return f"[{plain(title)}](<{url}>)"
