"""pdf: pages, paragraphs out of lines, and files without text, with a password, or broken."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from neurocortex.documents.converters import pdf
from neurocortex.documents.paragraphs import paragraphs
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadOne = Callable[[Path], Document]
Refuse = Callable[[Path], Quarantined]


def printed(pages: Sequence[Sequence[str]], title: str | None = None) -> bytes:
    """Return a pdf whose pages hold those lines; an empty page gets a drawing."""
    content = BytesIO()
    canvas = Canvas(content, pagesize=A4)
    if title is not None:
        canvas.setTitle(title)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 760 - 15 * number, line)
        if not lines:
            canvas.circle(200, 400, 80, fill=1)
        canvas.showPage()
    canvas.save()
    return content.getvalue()


def encrypted(content: bytes, user_password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="AES-256")
    locked = BytesIO()
    writer.write(locked)
    return locked.getvalue()


TWO_PAGES = (
    (
        "Annual report",
        "The company that makes the widgets had an exam-",
        "plary year, and the well-known brand grew a lot",
        "more. Our well-",
        "known partners of many years in the whole world",
        "say so.",
        "Another paragraph begins here and it goes on to",
    ),
    ("the second page, where it ends.", "", "Last words."),
)


def test_lines_become_paragraphs_and_pages_sections(write: Write, read_one: ReadOne) -> None:
    document = read_one(write("report.pdf", printed(TWO_PAGES, "Report 2024")))
    assert document.title == "Report 2024"
    assert document.media_type == "application/pdf"
    first, second = document.sections
    assert (first.page, second.page) == (1, 2)
    assert document.text.startswith("Annual report\n\nThe company that makes the widgets had an")
    assert "had an exemplary year" not in document.text
    assert "an examplary year, and the well-known brand" in document.text
    assert "Our well-known partners" in document.text
    assert "it goes on to\nthe second page, where it ends." in document.text
    assert document.text[second.start :].startswith("the second page")


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - draft.docx", "x.tex", ""])
def test_a_title_a_program_made_is_not_the_title(
    write: Write, read_one: ReadOne, title: str
) -> None:
    assert read_one(write("my_report.pdf", printed(TWO_PAGES, title))).title == "my report"


def test_page_numbers_and_running_titles_are_left_out() -> None:
    pages = [f"Journal of Tests {n}\nText of page {n} is here.\n{n} of 4" for n in range(1, 5)]
    assert list(paragraphs(pages)) == [[f"Text of page {n} is here."] for n in range(1, 5)]


def test_a_page_of_one_line_is_kept_whatever_it_looks_like() -> None:
    assert list(paragraphs(["7", "", "Page 2"])) == [["7"], [], ["Page 2"]]


def test_compounds_and_numbers_keep_their_hyphen() -> None:
    page = "The SARS-\nCoV strain and the COVID-\n19 disease were seen by on-\nlookers, non-\nstop"
    (found,) = paragraphs([page])
    assert " ".join(found) == (
        "The SARS-CoV strain and the COVID-19 disease were seen by onlookers, nonstop"
    )


def test_a_pdf_without_text_is_refused(write: Write, refusal: Refuse) -> None:
    refused = refusal(write("scan.pdf", printed([(), ()])))
    assert refused.rule == "no_text"
    assert "none of its 2 pages holds text" in refused.reason


def test_a_pdf_with_a_password_is_refused(write: Write, refusal: Refuse) -> None:
    refused = refusal(write("locked.pdf", encrypted(printed(TWO_PAGES), "secret")))
    assert refused.rule == "encrypted"
    assert "it asks for a password" in refused.reason


def test_a_pdf_that_only_forbids_changes_is_read(write: Write, read_one: ReadOne) -> None:
    assert "Annual report" in read_one(write("a.pdf", encrypted(printed(TWO_PAGES), ""))).text


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing", b"hello", printed(TWO_PAGES)[:600]])
def test_a_broken_pdf_is_refused(write: Write, refusal: Refuse, content: bytes) -> None:
    refused = refusal(write("broken.pdf", content))
    assert refused.rule == "unreadable"
    assert refused.reason.startswith("it is no valid pdf file: ")


def test_an_empty_pdf_is_refused(write: Write, refusal: Refuse) -> None:
    assert refusal(write("empty.pdf", b"")).rule == "empty"


def test_absurd_numbers_of_pages_and_characters_are_refused(
    write: Write, refusal: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("long.pdf", printed([("a line",)] * 6))
    monkeypatch.setattr(pdf, "_MAX_PAGES", 5)
    assert refusal(path).reason == "6 pages are more than 5: split it"
    monkeypatch.setattr(pdf, "_MAX_PAGES", 6)
    monkeypatch.setattr(pdf, "_MAX_CHARS", 20)
    assert (refusal(path).rule, "more than 20 char" in refusal(path).reason) == ("too_large", True)


def test_real_files(shared_documents: Path, read_one: ReadOne, refusal: Refuse) -> None:
    document = read_one(shared_documents / "sample_pdf_1.pdf")
    assert [section.page for section in document.sections] == [1, 2, 4]
    assert "made the PDF specification available free of charge in 1993." in document.text
    assert refusal(shared_documents / "non_text_searchable.pdf").rule == "no_text"
