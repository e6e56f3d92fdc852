"""Builds a document's text block by block, noting where each heading and page begins."""

from pathlib import Path

from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document, Section
from neurocortex.errors import EmptyFileError

PARAGRAPH = "\n\n"


class TextBuilder:
    """Collects blocks (headings, paragraphs, lists, tables) in reading order."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._page: int | None = None
        self._opens = False
        self.first_heading: str | None = None

    def heading(self, level: int, text: str) -> None:
        """Add a heading; level 1 is the top. It ends the sections of its own and deeper levels."""
        line = clean_line(text)
        if not line:
            return
        self._path = [(above, name) for above, name in self._path if above < level]
        self._path.append((level, line))
        self._opens = True
        self.first_heading = self.first_heading or line
        self.add(line)

    def page(self, number: int) -> None:
        """Say on which page the blocks that follow are."""
        self._page = number
        self._opens = True

    def add(self, block: str, *, joint: str = PARAGRAPH) -> None:
        """Add a block; `joint` goes between it and the one before."""
        block = clean(block)
        if not block:
            return
        if self._parts:
            self._parts.append(joint)
            self._length += len(joint)
        if self._opens:
            heading = " > ".join(name for _, name in self._path) or None
            self._sections.append(Section(self._length, heading, self._page))
            self._opens = False
        self._parts.append(block)
        self._length += len(block)

    def document(self, file: SourceFile, title: str | None) -> Document:
        """Return what was collected as the document of `file`.

        Without a `title` it is the first heading, or else the file's name. Raises EmptyFileError
        where no block was added.
        """
        if not self._parts:
            raise EmptyFileError(str(file.path), "the file holds no text")
        return Document(
            source=str(file.path),
            title=clean_line(title or "") or self.first_heading or name_of(file.path),
            text="".join(self._parts),
            media_type=file.media_type,
            checksum=file.sha256,
            sections=tuple(self._sections),
        )


def name_of(path: Path) -> str:
    """Return a title made from a file's name: `annual_report-2024.pdf` is `annual report 2024`."""
    return clean_line(path.stem.replace("_", " ").replace("-", " ")) or path.name
