"""Rows out of files: what is none is set aside, what makes a source unusable is an error."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.datasets.bundled import table
from neurocortex.datasets.csv_file import records
from neurocortex.datasets.extract import Extracted, extract, source_name
from neurocortex.datasets.parsing import check_types
from neurocortex.datasets.reader import read
from neurocortex.datasets.sources import BundledTable, CsvSource
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.text_file import MAX_LINE_CHARS, opened
from neurocortex.errors import SourceError


def spec_of(source: Mapping[str, object]) -> DatasetSpec:
    return DatasetSpec.model_validate(
        {
            "name": "people",
            "source": source,
            "columns": [
                {"name": "id", "type": "integer"},
                {"name": "name", "type": "text", "nullable": True},
                {"name": "height", "type": "number", "nullable": True},
            ],
            "target": {"table": "people"},
        }
    )


def from_csv(folder: Path, content: str | bytes, rows: int = 100, **options: object) -> Extracted:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (chunk,) = extract(spec_of({"kind": "csv", "path": path, **options}), rows)
    return chunk


def from_jsonl(folder: Path, *lines: str) -> Extracted:
    path = folder / "people.jsonl"
    path.write_text("\n".join(lines))
    (chunk,) = extract(spec_of({"kind": "jsonl", "path": path}), 100)
    return chunk


def values(chunk: Extracted) -> list[list[str | None]]:
    return [list(row) for row in chunk.frame.itertuples(index=False, name=None)]


def test_rows_are_text_in_the_order_of_the_schema(tmp_path: Path) -> None:
    chunk = from_csv(tmp_path, "height,id,name\n1.7,1,Ada\n,2,NULL\n")
    assert values(chunk) == [["1", "Ada", "1.7"], ["2", None, None]]
    assert chunk.frame.index.tolist() == [1, 2]


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    content = '\ufeffid;name;height\r\n1;"Ada; ""Countess""\nLovelace";1\r\n\r\n'
    chunk = from_csv(tmp_path, content, delimiter=";")
    assert values(chunk) == [["1", 'Ada; "Countess"\nLovelace', "1"]]


def test_other_spellings_of_missing_values(tmp_path: Path) -> None:
    chunk = from_csv(tmp_path, "id,name,height\n1,NULL,n/a\n", null_values=["n/a"])
    assert values(chunk) == [["1", "NULL", None]]


def test_ragged_and_broken_rows_are_set_aside_with_their_line(tmp_path: Path) -> None:
    chunk = from_csv(tmp_path, 'id,name,height\n1,Ada\n\n2,"Al"an,1\n3,Grace,1,2\n4,Linus,1\n')
    assert values(chunk) == [["4", "Linus", "1"]]
    assert chunk.frame.index.tolist() == [4]
    assert [(entry.row, entry.payload) for entry in chunk.quarantined] == [
        (1, "1,Ada"),
        (2, '2,"Al"an,1\n'),
        (3, "3,Grace,1,2"),
    ]
    assert [entry.reason for entry in chunk.quarantined] == [
        "too few fields in line 2: 2 where the header has 3",
        "line 4 cannot be read as csv: ',' expected after '\"'",
        "too many fields in line 5: 4 where the header has 3",
    ]
    assert {entry.source for entry in chunk.quarantined} == {str(tmp_path / "people.csv")}


def test_a_quote_that_is_never_closed_is_set_aside(tmp_path: Path) -> None:
    chunk = from_csv(tmp_path, 'id,name,height\n1,Ada,1\n2,"Alan,1\n3,Grace,1\n')
    assert values(chunk) == [["1", "Ada", "1"]]
    (entry,) = chunk.quarantined
    assert entry.reason.startswith("line 3 cannot be read as csv")
    assert "3,Grace,1" in entry.payload


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "has no header"),
        ("id,name\n", r"the columns 'height' are missing"),
        ("id,name,heigth\n", r"'height' \(is it 'heigth'\?\) are missing"),
        ("id,name,height,age\n", r"'age' are not in the dataset's `columns`"),
        ("id,name,height,id\n", r"'id' are there more than once"),
        ("id;name;height\n", "check source.delimiter"),
        (b"id,name,height\n1,Gr\xfc\xdfe,1\n", "is not written in utf-8: byte 0xfc in line 2"),
        ("id,name,height\n".encode("utf-16"), "is not written in utf-8: byte 0xff in line 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not written in utf-8"),
    ],
)
def test_an_unusable_file_is_an_error_that_names_it(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        from_csv(tmp_path, content)
    assert str(tmp_path / "people.csv") in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        list(extract(spec_of({"kind": "csv", "path": tmp_path / "none.csv"}), 10))
    with pytest.raises(SourceError, match="is a folder"):
        list(extract(spec_of({"kind": "csv", "path": tmp_path}), 10))


def test_a_line_without_end_is_no_row(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 2 is longer than"):
        from_csv(tmp_path, "id,name,height\n" + "x" * (MAX_LINE_CHARS + 1))


def test_other_encodings_are_read(tmp_path: Path) -> None:
    content = "id,name,height\n1,Grüße,1\n"
    assert values(from_csv(tmp_path, content.encode("cp1252"), encoding="cp1252"))[0][1] == "Grüße"
    assert values(from_csv(tmp_path, content.encode("utf-16"), encoding="utf-16"))[0][1] == "Grüße"


def test_chunks_number_rows_through_and_tell_how_far_they_are(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,height\n" + "".join(f"{n},Ada,1\n" for n in range(1, 8)))
    chunks = list(extract(spec_of({"kind": "csv", "path": path}), 3))
    assert [chunk.frame.index.tolist() for chunk in chunks] == [[1, 2, 3], [4, 5, 6], [7]]
    assert chunks[-1].fraction == 1.0


def test_a_header_alone_is_one_empty_chunk(tmp_path: Path) -> None:
    chunk = from_csv(tmp_path, "id,name,height\n")
    assert (chunk.rows, list(chunk.frame.columns)) == (0, ["id", "name", "height"])


def test_jsonl_rows_have_the_types_of_json(tmp_path: Path) -> None:
    chunk = from_jsonl(
        tmp_path, '{"id": 1, "name": "Ada", "height": 1.5}', "", '{"id": 2, "height": 2}'
    )
    assert values(chunk) == [["1", "Ada", "1.5"], ["2", None, "2"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[1]", "no object in braces"),
        ('{"id": 1, "nam": "Ada"}', "the key 'nam' (is it 'name'?) is not in"),
        ('{"id": 1, "id": 2}', "a key is there twice"),
        ('{"id": "1"}', 'id is "1", which is no integer'),
        ('{"id": true}', "id is true, which is no integer"),
        ('{"id": 1.0}', "id is 1.0, which is no integer"),
        ('{"id": 1, "name": 2}', "name is 2, which is no text"),
        ('{"id": 1, "name": {"a": 1}}', 'name is {"a": 1}, which is no text'),
        ('{"id": 1, "height": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "line 1: "),
    ],
)
def test_jsonl_lines_that_are_no_row_are_set_aside(tmp_path: Path, line: str, reason: str) -> None:
    chunk = from_jsonl(tmp_path, line)
    (entry,) = chunk.quarantined
    assert entry.rule == "malformed_row"
    assert reason in entry.reason


def test_scikit_learns_tables_are_read_without_a_download() -> None:
    for name in BundledTable:
        assert len(table(name)) > 0
    spec = spec_of({"kind": "sklearn", "table": "iris"})
    assert source_name(spec) == "sklearn:iris"
    with pytest.raises(SourceError, match=r"no column 'id'.*leaves out 'sepal length"):
        list(extract(spec, 10))


@given(st.lists(st.lists(st.text(max_size=5), min_size=3, max_size=3), max_size=5))
def test_what_is_written_as_csv_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", errors="ignore", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["a", "b", "c"])
        writer.writerows(rows)
    source = CsvSource(kind="csv", path=path, null_values=())
    with opened("t", path, "utf-8") as file_read:
        found = list(records(file_read, source, ["a", "b", "c"]))
    clean = [[cell.encode("utf-8", "ignore").decode() for cell in row] for row in rows]
    assert found == clean


def test_real_dirty_beers_flagged_cells_are_wrong_ones(real_data: Path, tmp_path: Path) -> None:
    beers = real_data / "tabular" / "beers"
    names = (beers / "dirty.csv").read_text("utf-8").partition("\n")[0].strip().split(",")
    (tmp_path / "beers.yaml").write_text(
        json.dumps(
            {
                "name": "beers",
                "source": {
                    "kind": "csv",
                    "path": str(beers / "dirty.csv"),
                    "null_values": ["", "N/A"],
                },
                "columns": [
                    {"name": name, "type": "number" if name == "abv" else "text", "nullable": True}
                    for name in names
                ],
                "target": {"table": "beers"},
                "transforms": [
                    {
                        "kind": "rename",
                        "columns": {"beer-name": "beer_name", "brewery-name": "brewery_name"},
                    }
                ],
            }
        )
    )
    spec = read(tmp_path / "beers.yaml")
    (chunk,) = extract(spec, 10_000)
    _, refused = check_types(chunk.frame, spec.columns)
    truth = spec.model_copy(
        update={"source": spec.source.model_copy(update={"path": beers / "clean.csv"})}
    )
    (clean,) = extract(truth, 10_000)
    wrong = {
        row
        for row in chunk.frame.index
        if (dirty := chunk.frame["abv"].loc[row]) is not None
        and dirty != clean.frame["abv"].loc[row]
    }
    assert len(refused) > 500
    assert set(refused) <= wrong
