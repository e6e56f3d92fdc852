"""`neurocortex lake export` and `import`, and a table that goes round as a dataset's source."""

from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from neurocortex.cli.main import app
from neurocortex.datasets import etl
from neurocortex.datasets.reader import read
from neurocortex.errors import SourceError
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from tests.integration.lake.conftest import HashEmbedder, MakeDocument

DATASET: Final = """
name: NAME
source: {kind: KIND, path: FILE}
columns:
  - {name: ride, type: integer, key: true}
  - {name: fare, type: number}
  - {name: paid, type: boolean, nullable: true}
  - {name: day, type: date}
  - {name: seen, type: timestamp}
target: {table: NAME}
"""
ROWS: Final = """ride,fare,paid,day,seen
1,12.5,true,2024-01-31,2024-01-31 23:59:59.25
2,0.1,,2024-02-01,2024-02-01 06:00:00
3,free,false,2024-02-01,2024-02-01 08:00:00
"""


@pytest.fixture
def cli(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", database_url)
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # no run is started
    settings.cache_clear()
    return CliRunner()


def load(lake: Lake, folder: Path, name: str, kind: str, file: str) -> None:
    path = folder / f"{name}.yaml"
    path.write_text(DATASET.replace("NAME", name).replace("KIND", kind).replace("FILE", file))
    spec = read(path)
    etl.run(spec, lake.engine)


def rows(lake: Lake, table: str) -> list[tuple[object, ...]]:
    query = text(f"SELECT ride, fare, paid, day, seen FROM data.{table} ORDER BY ride")  # noqa: S608 - a constant
    with lake.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_collection_goes_out_and_comes_in(
    cli: CliRunner, lake: Lake, document: MakeDocument, tmp_path: Path
) -> None:
    lake.load_documents("notes", [document("a", "One text.", "And another.")], HashEmbedder())
    done = cli.invoke(app, ["lake", "export", "notes", "notes.parquet"])
    assert done.exit_code == 0, done.output
    assert "notes.parquet: 2 rows of notes" in done.output
    done = cli.invoke(app, ["lake", "import", "notes.parquet", "--collection", "copy"])
    assert done.exit_code == 0, done.output
    assert "copy: 1 documents added, 0 replaced, 2 chunks, hash 1" in done.output
    assert lake.checksums("copy") == lake.checksums("notes")
    done = cli.invoke(app, ["lake", "export", "notes", "nowhere/notes.parquet"])
    assert done.exit_code == 2
    assert f"there is no folder {tmp_path / 'nowhere'}" in " ".join(done.output.split())


def test_a_table_goes_out_and_is_the_source_of_another_dataset(
    cli: CliRunner, lake: Lake, tmp_path: Path
) -> None:
    (tmp_path / "rides.csv").write_text(ROWS)
    load(lake, tmp_path, "rides", "csv", "rides.csv")
    assert cli.invoke(app, ["lake", "export", "data.rides", "rides.parquet"]).exit_code == 0
    load(lake, tmp_path, "again", "parquet", "rides.parquet")
    assert len(rows(lake, "rides")) == 2
    assert rows(lake, "again") == rows(lake, "rides")
    content = (tmp_path / "rides.parquet").read_bytes()
    (tmp_path / "rides.parquet").write_bytes(content[:-20])
    with pytest.raises(SourceError, match=r"rides\.parquet is cut short"):
        load(lake, tmp_path, "again", "parquet", "rides.parquet")
    assert rows(lake, "again") == rows(lake, "rides")
