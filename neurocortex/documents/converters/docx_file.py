"""docx: paragraphs, lists and tables in reading order; its heading styles become sections.

The body is walked as XML, because python-docx's own paragraphs leave out content controls and
text inserted under revision. Headers, footers, footnotes and comments are not read.
Source: ECMA-376 part 1, WordprocessingML.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import docx
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from neurocortex.documents.building import PARAGRAPH, TextBuilder
from neurocortex.documents.paragraphs import continues
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document
from neurocortex.errors import EncryptedFileError, FileTooLargeError, UnreadableFileError

_MAX_UNPACKED: Final = 512 << 20
_MAX_XML: Final = 64 << 20
"""A tree takes ten times the memory of its XML; a book of 1,000 pages has some 20 MB."""
_COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of the container that old Word files and encrypted new ones are kept in."""
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_PARAGRAPH_MARKS: Final = qn("w:pPr")
_NUMBERING: Final = f"{_PARAGRAPH_MARKS}/{qn('w:numPr')}"
_BULLET: Final = "- "
_LITERALS: Final = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_NOT_READ: Final = frozenset(
    (
        _PARAGRAPH_MARKS,
        qn("w:rPr"),
        qn("w:sdtPr"),
        qn("w:moveFrom"),  # moved away under revision: it is read where it went
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    )
)
_HEADING_NAME: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)


def convert(file: SourceFile) -> Iterator[Document]:
    """Yield the file as one document, titled as its properties or its first heading say.

    Raises EmptyFileError, EncryptedFileError, FileTooLargeError (what it unpacks to),
    UnreadableFileError.
    """
    _refuse_other_containers(file)
    _refuse_bombs(file)
    word = docx.Document(str(file.path))
    builder = TextBuilder()
    _add(builder, word)
    yield builder.document(file, word.core_properties.title)


def _refuse_other_containers(file: SourceFile) -> None:
    with file.path.open("rb") as content:
        if content.read(len(_COMPOUND_FILE)) != _COMPOUND_FILE:
            return
        if _ENCRYPTED_STREAM in content.read():
            raise EncryptedFileError(
                str(file.path), "it asks for a password: save a copy without one"
            )
    raise UnreadableFileError(str(file.path), "it is an old Word file (.doc): save it as .docx")


def _refuse_bombs(file: SourceFile) -> None:
    """Look at what the parts claim to unpack to; zipfile reads no part beyond its claim."""
    with zipfile.ZipFile(file.path) as parts:
        entries = parts.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    xml = sum(entry.file_size for entry in entries if entry.filename.endswith((".xml", ".rels")))
    for what, size, limit in (("", unpacked, _MAX_UNPACKED), (" of XML", xml, _MAX_XML)):
        if size > limit:
            raise FileTooLargeError(
                str(file.path),
                f"it unpacks to {size >> 20:,} MB{what}, more than {limit >> 20:,} MB",
            )


def _add(builder: TextBuilder, word: WordDocument) -> None:
    levels = dict(_heading_levels(word))
    before = ""
    for block in _blocks(word.element.body):
        text = _text(block).strip() if block.tag == _P else "\n".join(_rows(block))
        level = _level(block, levels)
        if block.tag == _P and block.find(_NUMBERING) is not None:
            text = _BULLET + text
        if level is not None:
            builder.heading(level, text.removeprefix(_BULLET))
        elif text:
            builder.add(text, joint="\n" if _goes_on(before, text) else PARAGRAPH)
        before = text if block.tag == _P and level is None else ""


def _goes_on(before: str, text: str) -> bool:
    """Whether `text` is the next item of a list, or the next line of a paragraph cut into lines."""
    if before.startswith(_BULLET) or text.startswith(_BULLET):
        return before.startswith(_BULLET) and text.startswith(_BULLET)
    return bool(before) and continues(before, text)


def _blocks(parent: Iterable[BaseOxmlElement]) -> Iterator[BaseOxmlElement]:
    """Yield paragraphs and tables, also those within content controls and revisions."""
    for child in parent:
        if child.tag in (_P, _TABLE):
            yield child
        elif child.tag not in _NOT_READ:
            yield from _blocks(child)


def _rows(table: BaseOxmlElement) -> Iterator[str]:
    for row in _own(table, _ROW):
        cells = (" ".join(map(_text, _blocks(cell))) for cell in _own(row, _CELL))
        yield " | ".join(" ".join(cell.split()) for cell in cells)


def _own(parent: BaseOxmlElement, tag: str) -> Iterator[BaseOxmlElement]:
    """Yield the rows of a table or the cells of a row, not those of a table inside a cell."""
    return (child for child in parent.iter(tag) if next(child.iterancestors(parent.tag)) is parent)


def _text(block: BaseOxmlElement) -> str:
    return "".join(_fragments(block))


def _fragments(element: BaseOxmlElement) -> Iterator[str]:
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in _LITERALS:
            yield _LITERALS[child.tag]
        elif child.tag not in _NOT_READ:
            yield from _fragments(child)
            if child.tag in (_P, _CELL):
                yield "\n"


def _level(paragraph: BaseOxmlElement, levels: Mapping[str, int]) -> int | None:
    """Return the heading level of a paragraph, from 1; None where it is no heading."""
    style = paragraph.find(f"{_PARAGRAPH_MARKS}/{qn('w:pStyle')}")
    return levels.get(style.get(qn("w:val"), "")) if style is not None else None


def _heading_levels(word: WordDocument) -> Iterator[tuple[str, int]]:
    """Yield the styles that mark headings by id; Word names them in English in every language."""
    for style in word.styles:
        ancestor, seen = style, set()
        while ancestor is not None and ancestor.style_id not in seen:
            seen.add(ancestor.style_id)
            name = ancestor.name or ""
            heading = _HEADING_NAME.fullmatch(name)
            if heading or name == "Title":
                yield style.style_id, int(heading[1]) if heading else 1
                break
            ancestor = getattr(ancestor, "base_style", None)
