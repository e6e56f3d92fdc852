"""txt: the text as it is."""

from collections.abc import Iterator
from typing import Final

from neurocortex.documents.building import PARAGRAPH, TextBuilder
from neurocortex.documents.decoding import encoding_of
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document

_MAX_TITLE: Final = 120
"""Characters; a longer first line is a paragraph."""


def convert(file: SourceFile) -> Iterator[Document]:
    """Yield the file as one document.

    Its title is the first line if that stands alone and ends no sentence, else the file's name.
    Raises EmptyFileError, EncodingError, UnreadableFileError (binary).
    """
    builder = TextBuilder()
    text = file.path.read_text(encoding=encoding_of(file.path))
    builder.add(text)
    yield builder.document(file, _title(text))


def _title(text: str) -> str | None:
    first, blank, _ = text.lstrip().partition(PARAGRAPH)
    is_title = blank and "\n" not in first and len(first) <= _MAX_TITLE
    return first if is_title and first[-1:] not in ".!?:;," else None
