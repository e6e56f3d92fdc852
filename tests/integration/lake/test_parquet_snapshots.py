"""A collection goes to a Parquet file and comes back as it was; a table's file is a dataset's."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import (
    EmbedderMismatchError,
    LakeError,
    ParquetFileError,
    TargetNotFoundError,
)
from neurocortex.lake.snapshots import reading, writing
from neurocortex.lake.store import Lake
from tests.integration.lake.conftest import Counts, HashEmbedder, MakeDocument

TEXTS = (
    "The lease of a worker ends after thirty seconds.",
    "A tenant has a share of the slots of a tier.",
    "Vectors of two models cannot be compared.",
    "A failed load leaves the Lake as it was.",
)


def filled(lake: Lake, document: MakeDocument, embedder: HashEmbedder | LsaTrainer) -> None:
    lake.load_documents(
        "old",
        [document(f"doc/{place}", text, f"More: {text}") for place, text in enumerate(TEXTS)],
        embedder,
    )


def found(lake: Lake, collection: str) -> list[tuple[str, str, float]]:
    """Return what a search finds, with its scores."""
    return [
        (passage.source, passage.text, round(passage.score, 9))
        for passage in lake.search(collection, "the lease of a tenant", 8)
    ]


@pytest.mark.parametrize("embedder", [HashEmbedder(), LsaTrainer()], ids=["ready", "fitted"])
def test_a_collection_comes_back_as_it_was(
    lake: Lake, document: MakeDocument, tmp_path: Path, embedder: HashEmbedder | LsaTrainer
) -> None:
    filled(lake, document, embedder)
    path = tmp_path / "old.parquet"
    assert writing.write(lake.engine, "old", path) == 2 * len(TEXTS)
    report = reading.load(lake, path, "new")
    assert (report.inserted, report.chunks) == (len(TEXTS), 2 * len(TEXTS))
    assert found(lake, "new") == found(lake, "old")
    assert lake.checksums("new") == lake.checksums("old")
    old, new = lake.collection("old"), lake.collection("new")
    assert (new.embedder, new.model_version) == (old.embedder, old.model_version)


def test_loading_a_file_twice_changes_nothing(
    lake: Lake, document: MakeDocument, tmp_path: Path, counts: Counts
) -> None:
    filled(lake, document, LsaTrainer())
    path = tmp_path / "old.parquet"
    writing.write(lake.engine, "old", path)
    reading.load(lake, path, "new")
    before, version = counts(lake), lake.collection("new").version
    report = reading.load(lake, path, "new")
    assert (report.inserted, report.replaced) == (0, 0)
    assert lake.collection("new").version == version
    assert counts(lake) == {**before, "loads": before["loads"] + 1}


def test_a_collection_of_another_model_is_left_alone(
    lake: Lake, document: MakeDocument, tmp_path: Path
) -> None:
    filled(lake, document, HashEmbedder())
    path = tmp_path / "old.parquet"
    writing.write(lake.engine, "old", path)
    lake.load_documents("new", [document("here", "A text.")], HashEmbedder("hash-2"))
    with pytest.raises(EmbedderMismatchError, match=r"'new' is embedded by hash-2 1, not by hash"):
        reading.load(lake, path, "new")
    assert lake.checksums("new").keys() == {"here"}


def test_a_damaged_file_loads_nothing(lake: Lake, document: MakeDocument, tmp_path: Path) -> None:
    filled(lake, document, HashEmbedder())
    path = tmp_path / "old.parquet"
    writing.write(lake.engine, "old", path)
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(6)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start + column.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(ParquetFileError, match="is damaged after row 0"):
        reading.load(lake, path, "new")
    assert [each.name for each in lake.collections()] == ["old"]
    path.write_bytes(bytes(content[:-100]))
    with pytest.raises(ParquetFileError, match="is cut short"):
        reading.load(lake, path, "new")


def test_a_file_that_lost_rows_or_vectors_is_refused(
    lake: Lake, document: MakeDocument, tmp_path: Path
) -> None:
    filled(lake, document, HashEmbedder())
    whole, changed = tmp_path / "old.parquet", tmp_path / "changed.parquet"
    writing.write(lake.engine, "old", whole)
    told = pq.read_metadata(whole).metadata
    rows = pq.read_table(whole)
    pq.write_table(rows.slice(2).replace_schema_metadata(told), changed)
    with pytest.raises(ParquetFileError, match="has 3 documents and 6 chunks where its footer"):
        reading.load(lake, changed, "new")
    place = rows.schema.get_field_index("vector")
    none = pa.nulls(len(rows), rows.schema.field(place).type)
    without = rows.set_column(place, rows.schema.field(place), none)
    pq.write_table(without.replace_schema_metadata(told), changed)
    with pytest.raises(LakeError, match="8 chunks have no vector in the file"):
        reading.load(lake, changed, "new")
    assert [each.name for each in lake.collections()] == ["old"]


def test_a_table_is_written_with_its_types(lake: Lake, tmp_path: Path) -> None:
    with lake.engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS data")
        connection.exec_driver_sql(
            "CREATE TABLE data.people (id bigint PRIMARY KEY, name text, height double precision,"
            " born date, seen timestamptz, _load_id uuid NOT NULL DEFAULT gen_random_uuid())"
        )
        connection.exec_driver_sql(
            "INSERT INTO data.people VALUES (1, 'Ada', 1.5, '1815-12-10', '2024-01-31 12:00:00Z'),"
            " (2, NULL, NULL, NULL, NULL)"
        )
    path = tmp_path / "people.parquet"
    assert writing.write(lake.engine, "data.people", path) == 2
    rows = pq.read_table(path)
    assert [(field.name, str(field.type)) for field in rows.schema] == [
        ("id", "int64"),
        ("name", "string"),
        ("height", "double"),
        ("born", "date32[day]"),
        ("seen", "timestamp[us, tz=UTC]"),
    ]
    assert rows.column("name").to_pylist() == ["Ada", None]
    with pytest.raises(ParquetFileError, match="holds no collection"):
        reading.load(lake, path, "new")


def test_a_file_is_replaced_only_by_a_whole_one(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    path.write_bytes(b"as it was")
    with pytest.raises(TargetNotFoundError):
        writing.write(lake.engine, "nothing", path)
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]
