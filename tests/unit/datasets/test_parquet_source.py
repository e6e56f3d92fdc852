"""Rows out of Parquet files: whole columns have types, and a damaged file is named as one."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neurocortex.datasets.extract import extract, source_name
from neurocortex.datasets.parsing import check_types
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import SourceError

MOMENT = datetime(2024, 1, 31, 23, 59, 59, 250000)  # noqa: DTZ001 - as a clock on a wall shows it


def spec_of(path: Path, **types: Mapping[str, object] | str) -> DatasetSpec:
    columns = [
        {"name": name, **({"type": kind} if isinstance(kind, str) else kind)}
        for name, kind in types.items()
    ]
    return DatasetSpec.model_validate(
        {
            "name": "people",
            "source": {"kind": "parquet", "path": path},
            "columns": columns,
            "target": {"table": "people"},
        }
    )


def written(folder: Path, table: pa.Table, **options: object) -> Path:
    path = folder / "people.parquet"
    pq.write_table(table, path, **options)
    return path


def read_one(path: Path, kind: Mapping[str, object] | str) -> list[object]:
    """Return the values of a file's one column, as the dataset's type."""
    spec = spec_of(path, value=kind)
    (chunk,) = extract(spec, 100)
    frame, refused = check_types(chunk.frame, spec.columns)
    assert not refused
    return list(frame["value"].tolist())


def test_rows_come_in_the_order_of_the_schema(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"name": ["Ada", None], "id": [1, 2]}))
    (chunk,) = extract(spec_of(path, id="integer", name="text"), 100)
    assert chunk.frame.to_numpy().tolist() == [["1", "Ada"], ["2", None]]
    assert chunk.frame.index.tolist() == [1, 2]
    assert source_name(spec_of(path, id="integer", name="text")) == str(path)


def test_a_file_is_read_in_chunks_over_its_row_groups(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"id": range(10)}), row_group_size=4)
    chunks = list(extract(spec_of(path, id="integer"), 3))
    assert [chunk.rows for chunk in chunks] == [3, 3, 3, 1]
    assert [row for chunk in chunks for row in chunk.frame.index] == list(range(1, 11))
    assert chunks[0].fraction < chunks[-1].fraction == 1.0


def test_a_file_without_rows_is_one_empty_chunk(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"id": pa.array([], pa.int64())}))
    (chunk,) = extract(spec_of(path, id="integer"), 3)
    assert chunk.rows == 0


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        pytest.param(pa.array([7], pa.uint8()), "integer", [7], id="small integer"),
        pytest.param(pa.array([Decimal(12)], pa.decimal128(9, 0)), "integer", [12], id="decimal"),
        pytest.param(pa.array([Decimal("1.50")]), "number", [1.5], id="decimal number"),
        pytest.param(pa.array([0.1], pa.float32()), "number", [0.10000000149011612], id="single"),
        pytest.param(pa.array([1e-300]), "number", [1e-300], id="double"),
        pytest.param(pa.array(["a"]).dictionary_encode(), "text", ["a"], id="dictionary"),
        pytest.param(pa.array(["a"], pa.large_string()), "text", ["a"], id="large string"),
        pytest.param(pa.array([True, False]), "boolean", [True, False], id="boolean"),
    ],
)
def test_values_keep_their_meaning(
    tmp_path: Path, values: pa.Array, kind: str, expected: list[object]
) -> None:
    assert read_one(written(tmp_path, pa.table({"value": values})), kind) == expected


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_every_unit(tmp_path: Path, unit: str) -> None:
    clock = pa.table({"value": pa.array([MOMENT], pa.timestamp(unit))})
    assert read_one(written(tmp_path, clock), "timestamp") == [MOMENT]
    points = pa.array([MOMENT.replace(tzinfo=UTC)], pa.timestamp(unit, "+02:00"))
    path = written(tmp_path, pa.table({"value": points}))
    kind = {"type": "timestamp", "timezone": "Europe/Berlin"}
    assert read_one(path, kind) == [MOMENT.replace(tzinfo=UTC)]


def test_days_are_dates_and_so_are_texts_that_say_one(tmp_path: Path) -> None:
    days = pa.table({"value": pa.array([date(2024, 1, 31)])})
    (day,) = read_one(written(tmp_path, days), "date")
    assert str(day).startswith("2024-01-31")
    texts = pa.table({"value": ["31.01.2024"]})
    assert read_one(written(tmp_path, texts), {"type": "date", "format": "%d.%m.%Y"}) == [day]


def test_a_value_beyond_its_type_is_the_rows_fault(tmp_path: Path) -> None:
    finer = pa.array([MOMENT, MOMENT], pa.timestamp("ns")).cast(pa.int64()).to_pylist()
    times = pa.array([finer[0], finer[1] + 1], pa.timestamp("ns"))
    path = written(tmp_path, pa.table({"at": times, "size": pa.array([1.0, float("nan")])}))
    spec = spec_of(path, at="timestamp", size="number")
    (chunk,) = extract(spec, 100)
    frame, refused = check_types(chunk.frame, spec.columns)
    assert frame.index.tolist() == [1]
    assert [refusal.rule for refusal in refused[2]] == ["wrong_type", "wrong_type"]


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (pa.array(["1"]), "integer", "'value' is string, which is no integer"),
        (pa.array([1.0]), "integer", "'value' is double, which is no integer"),
        (pa.array([1]), "text", "'value' is int64, which is no text"),
        (pa.array([[1]]), "text", r"'value' is list<.*>, which is no text"),
        (pa.array([MOMENT.replace(tzinfo=UTC)]), "timestamp", "which is no timestamp"),
    ],
    ids=["text", "fraction", "number", "nested", "zone"],
)
def test_another_type_is_an_error_of_the_file(
    tmp_path: Path, values: pa.Array, kind: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        read_one(written(tmp_path, pa.table({"value": values})), kind)


def test_other_columns_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"idd": [1], "name": ["Ada"]}))
    with pytest.raises(SourceError, match=r"'id' \(is it 'idd'\?\) are missing"):
        list(extract(spec_of(path, id="integer", name="text"), 10))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_cut_short_says_so(tmp_path: Path, kept: float) -> None:
    path = written(tmp_path, pa.table({"value": range(1_000)}))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(SourceError, match=r"people\.parquet is cut short"):
        read_one(path, "integer")


def test_damage_in_the_middle_is_found_before_its_rows_are_used(tmp_path: Path) -> None:
    table = pa.table({"value": [f"text {number}" for number in range(2_000)]})
    path = written(
        tmp_path, table, row_group_size=1_000, write_page_checksum=True, use_dictionary=False
    )
    column = pq.read_metadata(path).row_group(1).column(0)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    chunks = extract(spec_of(path, value="text"), 1_000)
    assert next(chunks).rows == 1_000
    with pytest.raises(SourceError, match=r"damaged after row 1000, in row group 2 of 2"):
        next(chunks)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"id,name\n1,Ada\n", "is no Parquet file"),
        (b"PAR1" + bytes(30) + b"PARE", "is encrypted"),
        (b"PAR1" + bytes(30) + b"PAR1", "is a damaged Parquet file"),
    ],
    ids=["empty", "csv", "encrypted", "zeros"],
)
def test_what_is_no_parquet_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "people.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        read_one(path, "integer")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.parquet does not exist"):
        read_one(tmp_path / "none.parquet", "integer")
    with pytest.raises(SourceError, match="is a folder"):
        read_one(tmp_path, "integer")
