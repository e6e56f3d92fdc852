"""How what cannot be read is written down for people."""

import os
from pathlib import Path
from typing import Final

from neurocortex.documents.source import FILE, ROW
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import DocumentError

MAX_PAYLOAD: Final = 20_000
"""Characters of an original row that quarantine keeps: a page or two, not a whole broken file."""

SHOWN: Final = 500
"""Characters of a refused text that quarantine shows."""


def refused(error: DocumentError, payload: str = "") -> Quarantined:
    """Return the quarantine entry of `error`; `payload` is the original row."""
    return Quarantined(
        source=printable(error.source),
        row=error.row,
        rule=error.rule,
        reason=printable(error.reason),
        payload=printable(payload[:MAX_PAYLOAD]),
    )


def refused_document(document: Document, rule: str, reason: str) -> Quarantined:
    """Return the quarantine entry of a document that could be read."""
    row = document.metadata.get(ROW)
    return Quarantined(
        source=str(document.metadata.get(FILE, document.source)),
        row=int(str(row)) if row else None,
        rule=rule,
        reason=printable(reason),
        payload=printable(document.text[:SHOWN]),
    )


def shown(path: Path) -> str:
    """Return `path` for people, even where its name is not valid UTF-8."""
    return printable(os.fsdecode(path))


def printable(text: str) -> str:
    """Return `text` as any database stores it: what is no valid UTF-8, and NUL, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def why(error: Exception) -> str:
    """Return what a foreign exception says, in one line that is never empty."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split())[:300] or type(error).__name__
