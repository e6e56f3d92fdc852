"""A file on its way in, and what a converter of one format promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that can be read, in the version that was found."""

    path: Path
    """Absolute. Links to folders are followed; a link to a file keeps its own name."""
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, hexadecimal."""


class Converter(Protocol):
    """Reads one format.

    Yields the documents of a file, and a `Quarantined` for each row that is none. Raises a
    DocumentError where the whole file cannot be read; any other exception a parser raises is
    turned into one by the caller. Text it yields went through `cleaning`. A document that is a row
    carries FILE and ROW in its metadata.
    """

    def __call__(self, file: SourceFile) -> Iterator[Document | Quarantined]:
        """Read `file`."""
        ...


FILE = "file"
"""Metadata of a document that is one row: the path of its file."""
ROW = "row"
"""Metadata of a document that is one row: its number, from 1, the header not counted."""
