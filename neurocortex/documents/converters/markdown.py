"""md: CommonMark with tables, read as it is rendered; its headings become sections."""

import re
from collections.abc import Iterator
from typing import Final

from markdown_it import MarkdownIt

from neurocortex.documents.building import TextBuilder
from neurocortex.documents.decoding import encoding_of
from neurocortex.documents.html_text import add_html, parse
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document

_FRONT_MATTER: Final = re.compile(r"\A---[^\S\n]*\n(?P<yaml>.*?\n)?---[^\S\n]*(?:\n|\Z)", re.DOTALL)
_TITLE: Final = re.compile(r"""^title:[^\S\n]*["']?(?P<title>.+?)["']?[^\S\n]*$""", re.MULTILINE)


def convert(file: SourceFile) -> Iterator[Document]:
    """Yield the file as one document, titled as its front matter or its first heading says.

    Raises EmptyFileError, EncodingError, UnreadableFileError (binary).
    """
    text = file.path.read_text(encoding=encoding_of(file.path))
    front = _FRONT_MATTER.match(text)
    title = _TITLE.search(front["yaml"] or "") if front else None
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    builder = TextBuilder()
    add_html(builder, parse(markdown.render(text[front.end() :] if front else text)))
    yield builder.document(file, title["title"] if title else None)
