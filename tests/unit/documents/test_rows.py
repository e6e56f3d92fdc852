"""csv and jsonl: a document per row; bad rows are set aside with number and content."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.documents.discover import discover
from neurocortex.documents.reading import Reading, stream
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined

Write = Callable[[str, str | bytes], Path]
ReadPath = Callable[[Path], Reading]
Refuse = Callable[[Path], Quarantined]


def keys(reading: Reading) -> list[str]:
    return [document.source.rpartition("#")[2] for document in reading.documents]


def reasons(reading: Reading) -> list[tuple[int | None, str]]:
    assert {refused.rule for refused in reading.refused} <= {"malformed_row"}
    return [(refused.row, refused.reason) for refused in reading.refused]


def test_each_row_is_a_document(write: Write, read_path: ReadPath) -> None:
    path = write("beers.csv", "id,beer-name,abv\n7,Pub Beer,0.05\n9,Devil's Cup,\n")
    one, two = read_path(path).documents
    assert (one.source, one.title) == (f"{path}#7", "Pub Beer")
    assert one.text == "id: 7\nbeer-name: Pub Beer\nabv: 0.05"
    assert two.text == "id: 9\nbeer-name: Devil's Cup"
    assert one.metadata == {"file": str(path), "row": "1"}
    assert one.checksum != two.checksum


def test_a_row_that_did_not_change_keeps_its_checksum(write: Write, read_path: ReadPath) -> None:
    before = read_path(write("a.csv", "id,x\n1,a\n2,b\n")).documents
    after = read_path(write("a.csv", "id,x\n1,a\n2,changed\n")).documents
    assert before[0] == after[0]
    assert before[1].checksum != after[1].checksum


def test_rows_without_an_id_are_numbered(write: Write, read_path: ReadPath) -> None:
    reading = read_path(write("trip data.csv", "a,b\n1,2\n\n3,4\n"))
    assert keys(reading) == ["1", "2"]
    assert reading.documents[0].title == "trip data 1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told(write: Write, read_path: ReadPath, delimiter: str) -> None:
    rows = ["a", "b", "c"], ["x, y", "1.5", ""], ["p|q; r", "2", "z"]
    text = "\n".join(delimiter.join(f'"{value}"' for value in row) for row in rows)
    (first, second) = read_path(write("a.csv", text)).documents
    assert first.text == "a: x, y\nb: 1.5"
    assert second.text == "a: p|q; r\nb: 2\nc: z"


def test_one_column_is_no_table_but_is_read(write: Write, read_path: ReadPath) -> None:
    reading = read_path(write("a.csv", "text\nhello there\nand again\n"))
    assert [document.text for document in reading.documents] == [
        "text: hello there",
        "text: and again",
    ]


def test_quoted_fields_hold_line_breaks_and_long_text(write: Write, read_path: ReadPath) -> None:
    long = "word " * 100_000
    (document,) = read_path(write("a.csv", f'id,text\r\n1,"a\r\nb ""c""\r\n{long}"\r\n')).documents
    assert document.text.startswith('id: 1\ntext: a\nb "c"\nword word')


def test_ragged_rows_are_set_aside_and_the_others_go_on(write: Write, read_path: ReadPath) -> None:
    path = write("a.csv", "id,x,y\n1,a,b\n2,a\n3,a,b,c\n4,a,b\n")
    reading = read_path(path)
    assert keys(reading) == ["1", "4"]
    assert reasons(reading) == [
        (2, "line 3: it has 2 fields, the header has 3"),
        (3, "line 4: it has 4 fields, the header has 3"),
    ]
    assert [refused.source for refused in reading.refused] == [str(path)] * 2
    assert json.loads(reading.refused[0].payload) == ["2", "a"]


def test_duplicate_and_missing_keys_are_set_aside(write: Write, read_path: ReadPath) -> None:
    reading = read_path(write("a.csv", "ID,x\n1,a\n1,b\n,c\n 1 ,d\n2,e\n,\n"))
    assert keys(reading) == ["1", "2"]
    assert reasons(reading) == [
        (2, "line 3: its ID '1' is that of row 1"),
        (3, "line 4: its ID is empty"),
        (4, "line 5: its ID '1' is that of row 1"),
        (6, "line 7: all its fields are empty"),
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(
    write: Write, read_path: ReadPath
) -> None:
    lines = ["id,x", "1,a", '2,"open', *(f"{n},v{n}" for n in range(3, 2000)), '2000,"a\nb"']
    reading = read_path(write("a.csv", "\n".join(lines)))
    assert keys(reading) == ["1", *(str(n) for n in range(3, 2001))]
    ((row, reason),) = reasons(reading)
    assert row == 2
    assert reason.startswith("line 3: its quotes are broken (")
    assert reading.refused[0].payload == '2,"open'


def test_a_quote_inside_a_field_is_just_a_character(write: Write, read_path: ReadPath) -> None:
    (document,) = read_path(write("a.csv", 'id,x\n1,a 5" pipe\n')).documents
    assert document.text == 'id: 1\nx: a 5" pipe'


def test_columns_without_a_name_are_numbered(write: Write, read_path: ReadPath) -> None:
    (document,) = read_path(write("a.csv", ",x,\n1,2,3\n")).documents
    assert document.text == "column 1: 1\nx: 2\ncolumn 3: 3"


@pytest.mark.parametrize("content", ["", "a,b\n", "\n\n"])
def test_a_csv_without_rows_is_refused(write: Write, refusal: Refuse, content: str) -> None:
    assert refusal(write("a.csv", content)).rule == "empty"


def test_a_csv_with_a_broken_header_is_refused(write: Write, refusal: Refuse) -> None:
    refused = refusal(write("a.csv", '"a"b,c\n1,2\n'))
    assert refused.rule == "unreadable"
    assert "its header cannot be read" in refused.reason


def test_a_csv_in_another_encoding_is_read(write: Write, read_path: ReadPath) -> None:
    content = "nom;ville\nHélène Lefèvre;Besançon\nRené Müller;Orléans\n".encode("cp1252")
    assert read_path(write("a.csv", content)).documents[0].title == "a 1"
    assert "Besançon" in read_path(write("a.csv", content)).documents[0].text


def test_rows_are_streamed(write: Write) -> None:
    path = write("a.csv", "a,b\n" + "1,2\n" * 10)
    (file,) = discover([str(path)], max_file_mb=1).files
    rows = stream(file)
    first = next(rows)
    assert isinstance(first, Document)
    assert sum(1 for _ in rows) == 9


@given(st.lists(st.lists(st.text("ab\",;\n\r\t\\' ", max_size=6), min_size=1, max_size=4)))
@settings(deadline=None)
def test_no_line_of_a_csv_is_lost_in_silence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    content = "x,y\n" + "\n".join(",".join(row) for row in rows)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(content, newline="")
    (file,) = discover([str(path)], max_file_mb=1).files
    found = list(stream(file))
    kept = "".join(each.text if isinstance(each, Document) else each.payload for each in found)
    for letter in "ab":
        assert kept.count(letter) >= content.count(letter)


LINES = [
    {"id": "a", "title": "First", "text": "Text one.", "year": 2020, "tags": ["x", "y"]},
    {"id": 7, "content": "Text\u0000 two.", "author": None},
    {"body": "Text three."},
]


def test_each_line_is_a_document(write: Write, read_path: ReadPath) -> None:
    path = write("log.jsonl", "\n".join(map(json.dumps, LINES)) + "\n\n")
    one, two, three = read_path(path).documents
    assert (one.source, one.title, one.text) == (f"{path}#a", "First", "Text one.")
    assert one.metadata == {"year": "2020", "tags": '["x", "y"]', "file": str(path), "row": "1"}
    assert (two.source, two.title, two.text) == (f"{path}#7", "log 7", "Text two.")
    assert (three.source, three.metadata["row"]) == (f"{path}#3", "3")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "cut', "it is no JSON: "),
        ("plain text", "it is no JSON: "),
        ("[" * 100_000, "it is no JSON: "),
        ('["a", "list"]', "it is no JSON object"),
        ('{"id": 1, "title": "no text"}', "it has none of the fields text, content, body"),
        ('{"text": 5}', "its field 'text' is no text"),
        ('{"id": "a", "text": "again"}', "its id 'a' is that of line 1"),
    ],
)
def test_a_malformed_line_is_set_aside_and_the_others_go_on(
    write: Write, read_path: ReadPath, line: str, reason: str
) -> None:
    good = ['{"id": "a", "text": "one"}', '{"id": "b", "text": "two"}']
    reading = read_path(write("a.jsonl", "\n".join([good[0], line, good[1]])))
    assert keys(reading) == ["a", "b"]
    ((row, found),) = reasons(reading)
    assert row == 2
    assert found.startswith(reason)
    assert reading.refused[0].payload == line[:20_000]


def test_lone_surrogates_never_reach_the_lake(write: Write, read_path: ReadPath) -> None:
    lines = ['{"id": "\\ud800", "text": "a \\udfff b", "k\\ud801": "v"}', '"cut \\ud800']
    reading = read_path(write("a.jsonl", "\n".join(lines)))
    (document,) = reading.documents
    for text in (document.source, document.title, document.text, *document.metadata):
        text.encode()
    reading.refused[0].payload.encode()


def test_a_jsonl_file_with_a_mark_is_read(write: Write, read_path: ReadPath) -> None:
    assert keys(read_path(write("a.jsonl", b'\xef\xbb\xbf{"text": "one two"}'))) == ["1"]


@pytest.mark.parametrize("content", ["", "\n\n \n"])
def test_an_empty_jsonl_file_is_refused(write: Write, refusal: Refuse, content: str) -> None:
    assert refusal(write("a.jsonl", content)).rule == "empty"
