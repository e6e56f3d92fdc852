"""A file nobody described becomes a dataset that can be read, and that its own rows pass."""

from pathlib import Path

import pytest

from neurocortex.datasets import checks
from neurocortex.datasets.extract import extract
from neurocortex.datasets.learning import learned
from neurocortex.datasets.reader import read
from neurocortex.datasets.sampling import sample, spec_of
from neurocortex.domain.columns import ColumnType
from neurocortex.errors import DatasetNotFoundError, SourceError
from neurocortex.quality import gate


def orders(folder: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    lines = [delimiter.join(("Order no", "town", "price", "day", "weight"))]
    for each in range(200):
        price = "N/A" if each == 7 else f"{each / 4}"
        day = f"{each % 28 + 1:02}.02.2024"
        weight = f"{each}{('kg', ' kg', ' Kilo')[each % 3]}"
        lines.append(
            delimiter.join((str(each), "Köln" if each % 2 else "Bonn", price, day, weight))
        )
    path = folder / "orders.csv"
    path.write_text("\n".join(lines) + "\n", encoding)
    return path


def test_a_draft_is_a_dataset_whose_rows_pass(tmp_path: Path) -> None:
    draft = tmp_path / "orders.yaml"
    draft.write_text(learned(str(orders(tmp_path)), tmp_path, 1000))
    spec = read(draft)
    kinds = {each.name: each.type for each in spec.columns}
    assert kinds == {
        "Order no": ColumnType.INTEGER,
        "town": ColumnType.TEXT,
        "price": ColumnType.NUMBER,
        "day": ColumnType.DATE,
        "weight": ColumnType.TEXT,
    }
    assert spec.loaded_columns[0].name == "order_no"
    gate.check(spec.suite)
    (chunk,) = extract(spec, 1000)
    checked = checks.check_chunk(chunk, spec)
    assert (len(checked.frame), checked.quarantined) == (200, ())
    failed = [each.expectation.columns for each in checked.report.results if not each.success]
    assert failed == [("weight",)]  # three spellings of a unit: for a person to put right


def test_each_expectation_says_why(tmp_path: Path) -> None:
    lines = learned(str(orders(tmp_path)), tmp_path, 1000).splitlines()
    for place, line in enumerate(lines):
        if line.startswith("  - type: expect_"):
            assert lines[place - 1].startswith("  # ")


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig")]
)
def test_delimiter_and_encoding_are_told(tmp_path: Path, delimiter: str, encoding: str) -> None:
    taken = sample(spec_of(orders(tmp_path, delimiter, encoding)))
    assert taken.rows == 200
    assert set(taken.frame["town"]) == {"Köln", "Bonn"}


def test_mixed_encodings_that_are_seen_at_once_are_letters_to_look_at(tmp_path: Path) -> None:
    path = orders(tmp_path)
    path.write_bytes(path.read_bytes() + "200,Köln,1,01.02.2024,1kg\n".encode("cp1252"))
    assert "wrong encoding" in learned(str(path), tmp_path, 1000)


def test_mixed_encodings_that_come_late_are_named_with_their_line(tmp_path: Path) -> None:
    path = orders(tmp_path)
    header, _, rows = path.read_bytes().partition(b"\n")
    bad = "200,Köln,1,01.02.2024,1kg\n".encode("cp1252")
    path.write_bytes(header + b"\n" + rows * 300 + bad)
    with pytest.raises(SourceError, match=r"byte 0xf6 in line 60002.*encoding"):
        sample(spec_of(path))


def test_a_large_file_is_sampled_at_random(tmp_path: Path) -> None:
    taken = sample(spec_of(orders(tmp_path)), size=50)
    assert (taken.rows, len(taken.frame)) == (200, 50)
    assert taken.frame.index.is_monotonic_increasing
    assert taken.frame.index.max() > 150


def test_jsonl_files_have_the_keys_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": 1}\nbroken\n{"a": 2, "b": "x"}\n')
    assert [each.name for each in spec_of(path).columns] == ["a", "b"]


def test_of_a_dataset_only_what_its_columns_do_not_say(tmp_path: Path) -> None:
    proposed = learned("wine", tmp_path, 1000)
    assert proposed.startswith("expectations:\n")
    assert "expect_column_values_to_not_be_null" not in proposed
    assert "match_regex" not in proposed


def test_what_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="wines"):
        learned("wines", tmp_path, 1000)
    with pytest.raises(SourceError, match="No such file"):
        learned(str(tmp_path / "none.csv"), tmp_path, 1000)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(SourceError, match="columns"):
        learned(str(tmp_path / "empty.csv"), tmp_path, 1000)
