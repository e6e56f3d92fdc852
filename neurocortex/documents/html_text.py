"""Reads the text out of an html tree, block by block, the way a page shows it.

Used for html files, and for Markdown after it was rendered. The tree is walked with a stack, not
by recursion, so nesting of any depth is read.
"""

import re
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from neurocortex.documents.building import PARAGRAPH, TextBuilder


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SKIPPED: Final = _names(
    "head script style noscript template svg math iframe object embed canvas audio video"
    " map nav footer button input select textarea dialog"
)
"""Elements that are no part of what a page says."""
_SKIPPED_ROLES: Final = _names("navigation banner contentinfo search menu toolbar")
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LISTS: Final = frozenset(("ul", "ol"))
_BLOCKS: Final = _names(
    "address article aside blockquote body caption center dd details div dl dt fieldset"
    " figcaption figure form header hgroup hr html legend li main ol p pre section summary"
    " table tbody tfoot thead tr ul"
)
_CELLS: Final = frozenset(("td", "th"))
_LAYOUT: Final = ("table", "form", "hr", *_HEADINGS)
"""A table that holds one of these lays out a page; others are read row by row."""
_SPACES: Final = re.compile(r"[^\S\n]*\n[^\S\n]*|[^\S\n]+")


def parse(markup: str) -> BeautifulSoup:
    """Return the tree of `markup`.

    lxml, because html.parser takes minutes for some broken pages of 100 kB.
    """
    return BeautifulSoup(re.sub(r"\A\s*<\?xml[^>]*>", "", markup), "lxml")


def add_html(builder: TextBuilder, root: Tag) -> None:
    """Add the text below `root` to `builder`: headings, paragraphs, lists, tables."""
    layout = _Layout(builder)
    waiting: list[tuple[PageElement, bool]] = [(root, False)]
    while waiting:
        node, leaving = waiting.pop()
        if isinstance(node, Tag):
            if leaving:
                layout.leave(node)
            elif node is root or not _is_skipped(node):
                layout.enter(node)
                waiting.append((node, True))
                waiting += [(child, False) for child in reversed(node.contents)]
        elif type(node) is NavigableString:  # its subclasses are comments, doctypes, scripts
            layout.text(node)
    layout.flush()


def _is_skipped(tag: Tag) -> bool:
    return (
        tag.name in _SKIPPED
        or tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or tag.get("role") in _SKIPPED_ROLES
        or (tag.name == "aside" and _is_menu(tag))
    )


def _is_menu(tag: Tag) -> bool:
    """Whether most of its text is links; other asides are notes, which belong to the text."""
    links = sum(len(link.get_text()) for link in tag.find_all("a"))
    return links * 2 > len(" ".join(tag.get_text().split()))


class _Layout:
    """What is known between two elements of the walk."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._lists: list[int | None] = []
        """Of each open list the number of the next item; None where it has no numbers."""
        self._marker = ""
        self._rows = 0
        self._literal = 0
        self._tight = False
        """Whether the next block continues a list or a table, on the next line."""

    def enter(self, tag: Tag) -> None:
        name = tag.name
        if self._rows and name != "br":
            self._enter_cell(name)
        elif name in _BLOCKS or name in _HEADINGS:
            self.flush()
        if name == "br":
            self._inline.append("\n")
        elif name == "img":
            self._inline.append(f" {tag.get('alt') or ''} ")
        elif name == "pre":
            self._literal += 1
        elif name in _LISTS:
            self._lists.append(_first_number(tag) if name == "ol" else None)
        elif name == "li":
            self._marker = self._next_marker()
        elif name == "table" and tag.find(_LAYOUT) is None:
            self._rows += 1

    def _enter_cell(self, name: str) -> None:
        if name == "tr":
            self.flush()
        elif name in _CELLS and any(part.strip() for part in self._inline):
            self._inline.append(" | ")
        elif name in _BLOCKS:
            self._inline.append(" ")

    def leave(self, tag: Tag) -> None:
        name = tag.name
        if name in _HEADINGS:
            self._tight = False
            self._builder.heading(_HEADINGS[name], self._take())
        elif name == "pre":
            self.flush()
            self._literal -= 1
        elif name in _LISTS:
            self.flush()
            self._lists.pop()
            self._tight = bool(self._lists)
        elif name == "table":
            self.flush()
            self._rows = max(self._rows - 1, 0)
            self._tight = False
        elif name in _BLOCKS and not self._rows:
            self.flush()

    def text(self, text: str) -> None:
        self._inline.append(text if self._literal else text.replace("\n", " "))

    def flush(self) -> None:
        """End the block: what was collected becomes a paragraph, a list item or a table row."""
        block = self._take()
        if not block:
            return
        self._builder.add(self._marker + block, joint="\n" if self._tight else PARAGRAPH)
        self._marker = ""
        self._tight = bool(self._lists or self._rows)

    def _take(self) -> str:
        text = "".join(self._inline)
        self._inline.clear()
        if self._literal:
            return text.strip("\n")
        return _SPACES.sub(lambda gap: "\n" if "\n" in gap[0] else " ", text).strip()

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "


def _first_number(tag: Tag) -> int:
    start = str(tag.get("start", "1"))
    return int(start) if start.isdecimal() and len(start) < 10 else 1
