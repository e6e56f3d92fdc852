"""html: what the page says, without menus and scripts; its headings become sections."""

from collections.abc import Iterator
from typing import Final

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import Tag

from neurocortex.documents.building import TextBuilder
from neurocortex.documents.cleaning import clean_line
from neurocortex.documents.decoding import encoding_of
from neurocortex.documents.html_text import add_html, parse
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document
from neurocortex.errors import FileTooLargeError

_MAX_BYTES: Final = 32 << 20
"""Its tree takes some thirty times the memory of the page."""
_HEAD_BYTES: Final = 4096
"""Where a page names its encoding; the standard asks for the first 1024."""
_MAIN_SHARE: Final = 0.25
"""A `main` element with less of the page's text than this is a shell, not the content."""


def convert(file: SourceFile) -> Iterator[Document]:
    """Yield the page as one document, titled as its only h1 or its `title` says.

    Raises EmptyFileError, EncodingError, FileTooLargeError, UnreadableFileError (binary).
    """
    if file.size > _MAX_BYTES:
        raise FileTooLargeError(
            str(file.path), f"an html page of more than {_MAX_BYTES >> 20} MB: split it"
        )
    with file.path.open("rb") as page:
        declared = EncodingDetector.find_declared_encoding(page.read(_HEAD_BYTES), is_html=True)
    encoding = encoding_of(file.path, declared=declared)
    tree = parse(file.path.read_text(encoding=encoding))
    builder = TextBuilder()
    add_html(builder, _content(tree))
    yield builder.document(file, _title(tree))


def _content(tree: BeautifulSoup) -> Tag:
    """Return the element that holds the page's content: `main`, a lone `article`, or all of it."""
    for found in (tree.find_all("main"), tree.select("[role=main]"), tree.find_all("article")):
        if len(found) == 1 and len(found[0].get_text()) >= _MAIN_SHARE * len(
            _body(tree).get_text()
        ):
            return found[0]
    return _body(tree)


def _body(tree: BeautifulSoup) -> Tag:
    return tree.body or tree


def _title(tree: BeautifulSoup) -> str | None:
    """Return the only h1 where the title repeats it beside the site's name, else the title."""
    element = tree.find("title")
    title = clean_line(element.get_text()) if element else ""
    headings = [clean_line(heading.get_text()) for heading in tree.find_all("h1", limit=2)]
    if len(headings) == 1 and headings[0] and headings[0].casefold() in title.casefold():
        return headings[0]
    return title or None
