"""Text of other people's in our artifacts: it is shown, and does nothing."""

from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tasks.markdown import link, plain


def _any(url: str) -> bool:
    """Let every link be a link: a reader that leaves out bad ones would hide them from us."""
    return bool(url)


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
READER.validateLink = _any  # type: ignore[method-assign]


HOSTILE = (
    "a | b | c",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<https://example.org>",
    "**bold** _it_ ~~gone~~ `code` $x$",
    "[here](javascript:alert(1))",
    "![](https://example.org/pixel.png)",
    "](https://example.org) [",
    "\\](https://example.org)",
    "&lt;b&gt; &amp; &#60;",
    "# heading",
    "> quote",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "---",
    "===",
    "| --- |",
    "```",
    "line\n\n# another\r\n- and\tanother",
)
NAMES = (
    "a.csv#1> [x](javascript:alert(1))",
    "a.csv#\n\n# heading",
    "a.csv#https://example.org/1",
    "a.csv#50%",
    "a (1) [2] <3>.txt",
    "javascript://%0aalert(1)",
    "what?.txt",
)
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)


def pieces(markdown: str) -> list[Token]:
    """Return the inline pieces of Markdown that is one paragraph and no more."""
    opening, inline, closing = READER.parse(markdown)
    assert (opening.type, inline.type, closing.type) == (
        "paragraph_open",
        "inline",
        "paragraph_close",
    )
    return inline.children or []


def shown(tokens: list[Token]) -> str:
    """Return what a reader sees of pieces that are nothing but text."""
    assert {token.type for token in tokens} <= {"text", "text_special"}
    return "".join(token.content for token in tokens)


@given(TEXTS)
@settings(deadline=None)
@pytest.mark.parametrize("place", ["{}", "before {}", "**[1]** ({})"])
def test_any_text_is_shown_as_it_is(place: str, text: str) -> None:
    words = " ".join(text.split())
    if not words:
        assert plain(text) == ""
        return
    found = pieces(place.format(plain(text)))
    seen = "".join(token.content for token in found if token.type in {"text", "text_special"})
    assert words.replace("\0", "\ufffd") in seen
    assert {token.type for token in found} <= {
        "text",
        "text_special",
        "strong_open",
        "strong_close",
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    assert shown(pieces(plain(text))) == " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_its_cell_of_a_table(text: str) -> None:
    rows = READER.parse(f"| what | count |\n| --- | ---: |\n| {plain(text)} | 1 |")
    cells = [
        shown(token.children or []) for before, token in pairwise(rows) if before.type == "td_open"
    ]
    assert cells == [" ".join(text.split()), "1"]


@given(title=TEXTS, name=TEXTS.filter(lambda name: not name.startswith(("/", "http"))))
@example(title="] (", name=NAMES[0])
@settings(deadline=None)
def test_a_link_to_a_file_leads_to_it_and_nowhere_else(title: str, name: str) -> None:
    opening, *inside, closing = pieces(link(title, f"/papers/{name}"))
    assert (opening.type, closing.type) == ("link_open", "link_close")
    assert shown(inside) == " ".join(title.split()).replace("\0", "\ufffd")
    address = str(opening.attrGet("href"))
    assert address.startswith("file:///")
    path, _, row = f"/papers/{name}".partition("#")
    parts = urlsplit(address)
    assert Path(unquote(parts.path)) == Path(path)
    assert unquote(parts.fragment) == row


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_a_file_of_a_hostile_name_leads_to_it(name: str) -> None:
    opening, *inside, closing = pieces(link("title", f"/papers/{name}"))
    assert (opening.type, shown(inside), closing.type) == ("link_open", "title", "link_close")
    assert str(opening.attrGet("href")).startswith("file:///papers/")


@pytest.mark.parametrize("source", ["javascript://%0aalert(1)", "data:text/html,x", "vbscript:x"])
def test_a_source_that_is_a_program_is_no_link_to_it(source: str) -> None:
    assert str(pieces(link("title", source))[0].attrGet("href")).startswith("file:///")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("https://example.org/a?b=c&d#e", "https://example.org/a?b=c&d#e"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/> [x](y)", "https://example.org/%3E%20[x](y)"),
        ("https://example.org/%3C", "https://example.org/%3C"),
    ],
)
def test_a_web_page_is_linked_by_its_own_address(source: str, address: str) -> None:
    opening, *inside, _ = pieces(link("title", source))
    assert shown(inside) == "title"
    assert unquote(str(opening.attrGet("href"))) == unquote(address)
