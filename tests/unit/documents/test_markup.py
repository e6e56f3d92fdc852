"""md and html: what is read, what is left out, where sections begin."""

from collections.abc import Callable
from pathlib import Path

import pytest

from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadOne = Callable[[Path], Document]
Refuse = Callable[[Path], Quarantined]

MARKDOWN = """---
title: "Front title"
---
# Guide to *chunks*

First line
second line with `code`, a [link](http://example.org) and ![a picture](p.png).

## Lists

- one
- two

  more of two
  1. two one
  2. two two

## Tables

| name | size |
|------|------|
| a    | 1    |
| b    |      |

```python
def f():

    return 1
```
"""


def headings(document: Document) -> list[str | None]:
    for section in document.sections:
        last = (section.heading or "").split(" > ")[-1]
        assert document.text[section.start :].startswith(last)
    return [section.heading for section in document.sections]


def test_markdown_is_read_as_it_is_rendered(write: Write, read_one: ReadOne) -> None:
    document = read_one(write("guide.md", MARKDOWN))
    assert document.title == "Front title"
    assert document.text == (
        "Guide to chunks\n\n"
        "First line second line with code, a link and a picture .\n\n"
        "Lists\n\n"
        "- one\n- two\nmore of two\n1. two one\n2. two two\n\n"
        "Tables\n\n"
        "name | size\na | 1\nb |\n\n"
        "def f():\n\n    return 1"
    )
    assert headings(document) == [
        "Guide to chunks",
        "Guide to chunks > Lists",
        "Guide to chunks > Tables",
    ]


def test_the_first_heading_is_the_title_without_front_matter(
    write: Write, read_one: ReadOne
) -> None:
    assert read_one(write("a.md", "Intro.\n\nTitle\n=====\n\nText.")).title == "Title"
    assert read_one(write("no_heading.md", "---\nkey: value\n---\nText.")).title == "no heading"


def test_a_deeper_heading_ends_with_its_parent(write: Write, read_one: ReadOne) -> None:
    document = read_one(write("a.md", "# A\n\n### B\n\n## C\n\n# D"))
    assert headings(document) == ["A", "A > B", "A > C", "D"]


PAGE = """<?xml version="1.0"?>
<!DOCTYPE html><html><head><title>Widgets | Example Inc.</title>
<style>p {color: red}</style><script>alert("no")</script></head>
<body><nav><a href="/">Home</a></nav>
<header>Site name</header>
<main><!-- a comment --><h1>Widgets</h1>
<p>A   widget is<br>small. <b>Really</b>.</p><div>First<div>Second</div>third</div>
<aside>Note: keep this.</aside><aside><ul><li><a href="#1">Menu one</a></li></ul></aside>
<ol start="3"><li>three</li><li>four<ul><li>inner</li></ul></li></ol>
<h2>Sizes</h2>
<table><tr><th>Name</th><th>Size</th></tr><tr><td><div>W1</div></td><td>3 cm</td></tr></table>
<pre>  keep
    this</pre><p hidden>secret</p><form><button>Buy</button></form>
</main><footer>Imprint</footer></body></html>"""


def test_html_is_read_as_the_page_shows_it(write: Write, read_one: ReadOne) -> None:
    document = read_one(write("w.html", PAGE))
    assert document.title == "Widgets"
    assert document.text == (
        "Widgets\n\n"
        "A widget is\nsmall. Really.\n\n"
        "First\n\nSecond\n\nthird\n\n"
        "Note: keep this.\n\n"
        "3. three\n4. four\n- inner\n\n"
        "Sizes\n\n"
        "Name | Size\nW1 | 3 cm\n\n"
        "keep\n    this"
    )
    assert headings(document) == ["Widgets", "Widgets > Sizes"]


def test_a_main_element_that_is_a_shell_does_not_hide_the_text(
    write: Write, read_one: ReadOne
) -> None:
    page = "<title>T</title><main>Loading</main><div>" + "The real text of the page. " * 9
    assert "The real text" in read_one(write("a.html", page)).text


def test_a_table_that_lays_out_the_page_is_read_block_by_block(
    write: Write, read_one: ReadOne
) -> None:
    page = "<table><tr><td><h1>A</h1><p>One.</p><p>Two.</p></td><td>Three.</td></tr></table>"
    assert read_one(write("a.htm", page)).text == "A\n\nOne.\n\nTwo.\n\nThree."


def test_a_declared_encoding_is_believed_where_utf_8_does_not_fit(
    write: Write, read_one: ReadOne
) -> None:
    page = '<meta charset="iso-8859-9"><p>Türkçe şarkı ışık.</p>'.encode("iso-8859-9")
    assert read_one(write("a.html", page)).text == "Türkçe şarkı ışık."


@pytest.mark.parametrize("declared", ["hex", "no-such-codec", "undefined", "utf-8"])
def test_a_declaration_that_is_nonsense_is_not_believed(
    write: Write, read_one: ReadOne, declared: str
) -> None:
    page = f'<meta charset="{declared}"><p>Où êtes-vous allés, élèves ?</p>'.encode("cp1252")
    assert read_one(write("a.html", page)).text == "Où êtes-vous allés, élèves ?"


def test_a_page_without_text_is_refused(write: Write, refusal: Refuse) -> None:
    assert refusal(write("a.html", "<html><script>x()</script></html>")).rule == "empty"


@pytest.mark.parametrize("broken", ["<a " * 50_000, "<div>" * 50_000, "</" * 50_000, "<![foo["])
def test_broken_and_deeply_nested_html_is_read(
    write: Write, read_one: ReadOne, broken: str
) -> None:
    assert "before" in read_one(write("a.html", f"<p>before</p>{broken}<p>after</p>")).text


def test_real_files(shared_documents: Path, read_one: ReadOne) -> None:
    folder = shared_documents
    page = read_one(folder / "what_is_haystack.html")
    assert page.title == "What is Haystack?"
    assert page.text.startswith("What is Haystack?\n\nHaystack is the open source Python framework")
    assert "What is Haystack? > Building blocks > Pipelines" in headings(page)
    assert "Core Features" in headings(read_one(folder / "sample.md"))
