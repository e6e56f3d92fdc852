"""Documents on their way into the Lake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue


class Duplicates(StrEnum):
    """What becomes of a document whose source the collection has already."""

    REPLACE = "replace"
    """The new version takes its place, unless both have the same checksum."""
    SKIP = "skip"
    """The old one stays."""
    FAIL = "fail"
    """Nothing is loaded at all."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a part of a document starts, so that a passage can name its place."""

    start: int
    """Offset into the document's text, in characters."""
    heading: str | None = None
    """Headings above this part, outermost first, joined by " > "."""
    page: int | None = None
    """Page number, from 1, where the format has pages."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text with a name: a file, or one row of a csv or jsonl file."""

    source: str
    """What identifies it in its collection: the file's absolute path, `path#key` for a row."""
    title: str
    text: str
    media_type: str
    checksum: str
    """sha256 of the original bytes, hexadecimal: a new checksum is a new version."""
    sections: tuple[Section, ...] = ()
    """In order of `start`."""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    """Texts only, where the platform read the document itself."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, the unit that is embedded and found."""

    ordinal: int
    """Position among the document's chunks, from 0."""
    text: str
    start: int
    """Offset of the first character in the document's text."""
    end: int
    """Offset behind the last character: `document.text[start:end] == text`."""
    heading: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """A document with its chunks: what the Lake loads."""

    document: Document
    chunks: tuple[Chunk, ...]
    vectors: NDArray[np.float32] | None = field(default=None, compare=False)
    """(chunks, dimension), rows of length 1: of a document that brings its own vectors."""
