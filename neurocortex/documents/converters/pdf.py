"""pdf: the text layer, page by page, its printed lines joined to paragraphs again."""

import logging
from collections.abc import Iterator
from typing import Final

from pypdf import PdfReader

from neurocortex.documents.building import PARAGRAPH, TextBuilder
from neurocortex.documents.paragraphs import continues, paragraphs
from neurocortex.documents.refusal import why
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document
from neurocortex.errors import EncryptedFileError, FileTooLargeError, NoTextError

_MAX_PAGES: Final = 5_000
"""Twice the longest books; pypdf reads ten to fifty pages a second."""
_MAX_CHARS: Final = 50_000_000
"""Of text; a page is about 3,000. pypdf itself bounds what one stream unpacks to."""

# pypdf logs a line for each repair of a broken file: whoever reads a run's log cannot act on it.
logging.getLogger("pypdf").setLevel(logging.ERROR)


def convert(file: SourceFile) -> Iterator[Document]:
    """Yield the file as one document with a section per page.

    Raises EncryptedFileError, NoTextError (scanned pages), FileTooLargeError (pages, or text a
    small file unpacks to).
    """
    reader = PdfReader(file.path)
    _open(reader, file)
    texts = _texts(reader, file)
    builder = TextBuilder()
    before = ""
    for number, page in enumerate(paragraphs(texts), start=1):
        builder.page(number)
        for place, paragraph in enumerate(page):
            goes_on = place == 0 and continues(before, paragraph)
            builder.add(paragraph, joint="\n" if goes_on else PARAGRAPH)
            before = paragraph
    yield builder.document(file, _title(reader))


def _open(reader: PdfReader, file: SourceFile) -> None:
    """Open a file that needs no password to be read, only perhaps one to be changed."""
    if not reader.is_encrypted:
        return
    try:
        opened = reader.decrypt("")
    except Exception as error:
        raise EncryptedFileError(
            str(file.path), f"it is encrypted in a way that cannot be opened: {why(error)}"
        ) from error
    if not opened:
        raise EncryptedFileError(str(file.path), "it asks for a password: save a copy without one")


def _texts(reader: PdfReader, file: SourceFile) -> list[str]:
    if len(reader.pages) > _MAX_PAGES:
        raise FileTooLargeError(
            str(file.path), f"{len(reader.pages):,} pages are more than {_MAX_PAGES:,}: split it"
        )
    texts: list[str] = []
    room = _MAX_CHARS
    for page in reader.pages:
        texts.append(page.extract_text())
        room -= len(texts[-1])
        if room < 0:
            raise FileTooLargeError(
                str(file.path), f"it unpacks to more than {_MAX_CHARS:,} characters: split it"
            )
    if not any(text.strip() for text in texts):
        raise NoTextError(
            str(file.path),
            f"none of its {len(texts)} pages holds text. It may be scanned:"
            " recognise its text first (OCR, e.g. with ocrmypdf)",
        )
    return texts


def _title(reader: PdfReader) -> str | None:
    """Return the title the file carries, unless it is what a program puts there by itself."""
    title = str((reader.metadata and reader.metadata.title) or "").strip()
    lowered = title.casefold()
    automatic = lowered.startswith(("untitled", "microsoft word - ")) or lowered.endswith(
        (".doc", ".docx", ".pdf", ".tex", ".indd")
    )
    return None if automatic else title
