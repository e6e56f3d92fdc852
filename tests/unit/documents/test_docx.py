"""docx: headings, lists, tables, revisions; old, encrypted and hostile files."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from neurocortex.documents.converters import docx_file
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadOne = Callable[[Path], Document]
Refuse = Callable[[Path], Quarantined]


def saved(word: WordDocument) -> bytes:
    content = BytesIO()
    word.save(content)
    return content.getvalue()


def report() -> WordDocument:
    word = docx.Document()
    word.core_properties.title = ""
    word.add_heading("Report", 0)
    word.add_heading("Findings", 1)
    word.add_paragraph("First finding.")
    word.add_heading("Details", 2)
    table = word.add_table(rows=2, cols=2)
    for row, values in zip(table.rows, (("Name", "Size"), ("W1", "3 cm")), strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    return word


def test_headings_paragraphs_and_tables_are_read_in_order(write: Write, read_one: ReadOne) -> None:
    document = read_one(write("a.docx", saved(report())))
    assert document.title == "Report"
    assert document.text == (
        "Report\n\nFindings\n\nFirst finding.\n\nDetails\n\nName | Size\nW1 | 3 cm"
    )
    assert [section.heading for section in document.sections] == [
        "Report",
        "Findings",
        "Findings > Details",
    ]


def test_the_title_property_wins(write: Write, read_one: ReadOne) -> None:
    word = report()
    word.core_properties.title = "Annual report"
    assert read_one(write("a.docx", saved(word))).title == "Annual report"


def test_a_style_based_on_a_heading_is_a_heading(write: Write, read_one: ReadOne) -> None:
    word = docx.Document()
    style = word.styles.add_style("Chapter", 1)
    style.base_style = word.styles["Heading 1"]
    word.add_paragraph("One", style="Chapter")
    word.add_paragraph("Text.")
    assert read_one(write("a.docx", saved(word))).sections[0].heading == "One"


BODY = f"""<w:body {nsdecls("w")}>
<w:p><w:r><w:t>Kept </w:t></w:r><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>
  <w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>
  <w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>
  <w:r><w:tab/><w:t>after</w:t><w:br/><w:t>line</w:t></w:r></w:p>
<w:sdt><w:sdtPr><w:alias w:val="x"/></w:sdtPr><w:sdtContent>
  <w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>one</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>two</w:t></w:r></w:p>
<w:p><w:r><w:t>A paragraph that was</w:t></w:r></w:p>
<w:p><w:r><w:t>cut into lines.</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>outer</w:t></w:r></w:p>
  <w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:tc>
  <w:tc><w:p/></w:tc></w:tr></w:tbl>
</w:body>"""


def test_revisions_controls_lists_and_tables_in_tables(write: Write, read_one: ReadOne) -> None:
    word = docx.Document()
    word.core_properties.title = ""
    body = word.element.body
    body.getparent().replace(body, parse_xml(BODY))
    document = read_one(write("revised.docx", saved(word)))
    assert document.title == "revised"
    assert document.text == (
        "Kept inserted\tafter\nline\n\nIn a control.\n\n- one\n- two\n\n"
        "A paragraph that was\ncut into lines.\n\nouter inner |"
    )


def test_an_empty_document_is_refused(write: Write, refusal: Refuse) -> None:
    assert refusal(write("a.docx", saved(docx.Document()))).rule == "empty"


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def test_an_encrypted_file_is_told_from_an_old_one(write: Write, refusal: Refuse) -> None:
    locked = refusal(write("locked.docx", OLD + "EncryptedPackage".encode("utf-16-le")))
    assert (locked.rule, "password" in locked.reason) == ("encrypted", True)
    old = refusal(write("old.docx", OLD))
    assert (old.rule, "save it as .docx" in old.reason) == ("unreadable", True)


@pytest.mark.parametrize("content", [b"no zip", saved(report())[:2000]])
def test_a_broken_file_is_refused(write: Write, refusal: Refuse, content: bytes) -> None:
    assert refusal(write("broken.docx", content)).rule == "unreadable"


def test_an_empty_file_is_refused(write: Write, refusal: Refuse) -> None:
    assert refusal(write("empty.docx", b"")).rule == "empty"


def test_a_zip_that_is_no_word_file_is_refused(write: Write, refusal: Refuse) -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as parts:
        parts.writestr("hello.txt", "hello")
    assert refusal(write("a.docx", content.getvalue())).rule == "unreadable"


def bomb(name: str, megabytes: int) -> bytes:
    content = BytesIO(saved(report()))
    with (
        zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as parts,
        parts.open(name, "w") as part,
    ):
        for _ in range(megabytes):
            part.write(bytes(1 << 20))
    return content.getvalue()


def test_a_zip_bomb_is_refused_unopened(write: Write, refusal: Refuse) -> None:
    refused = refusal(write("bomb.docx", bomb("word/bomb.xml", 65)))
    assert refused.rule == "too_large"
    assert "it unpacks to 65 MB of XML, more than 64 MB" in refused.reason


def test_a_zip_bomb_of_pictures_is_refused_unopened(
    write: Write, refusal: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docx_file, "_MAX_UNPACKED", 2 << 20)
    refused = refusal(write("bomb.docx", bomb("word/media/bomb.png", 3)))
    assert "it unpacks to 3 MB, more than 2 MB" in refused.reason


def test_a_real_file(shared_documents: Path, read_one: ReadOne) -> None:
    document = read_one(shared_documents / "sample_docx_1.docx")
    assert document.sections[0].heading == "A sample PDF file"
    assert "made the PDF specification available free of\ncharge in 1993." in document.text
