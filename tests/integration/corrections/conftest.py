"""A Lake of the test's own, a dataset with personal columns, and the command line upon both."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest
from typer.testing import CliRunner, Result

from neurocortex.cli.main import app
from neurocortex.datasets import etl
from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.lake.store import Lake
from neurocortex.settings import settings

PATIENTS = """
    name: patients
    source: {kind: csv, path: ../patients.csv}
    columns:
      - {name: id, type: integer, key: true}
      - {name: name, type: text}
      - {name: email, type: text, nullable: true}
      - {name: phone, type: text, nullable: true}
      - {name: weight, type: number, nullable: true}
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: weight, max_value: 400}
    privacy: {email: personal, phone: mask}
    target: {table: patients, mode: MODE}
"""


class Command(Protocol):
    """Runs `neurocortex` with these arguments."""

    def __call__(self, *arguments: str) -> Result: ...


class LoadPatients(Protocol):
    """Writes `patients.csv` and its dataset, and loads it."""

    def __call__(self, *rows: str, mode: str = "replace") -> DatasetSpec: ...


@pytest.fixture
def neurocortex(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", database_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    settings.cache_clear()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    yield run
    settings.cache_clear()


@pytest.fixture
def lake(database_url: str) -> Iterator[Lake]:
    with Lake(database_url) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def load_patients(lake: Lake, neurocortex: Command, tmp_path: Path) -> LoadPatients:
    def load(*rows: str, mode: str = "replace") -> DatasetSpec:
        header = "id,name,email,phone,weight\n"
        (tmp_path / "patients.csv").write_text(header + "".join(f"{row}\n" for row in rows))
        (tmp_path / "datasets").mkdir(exist_ok=True)
        path = tmp_path / "datasets" / "patients.yaml"
        path.write_text(dedent(PATIENTS).replace("MODE", mode))
        spec = read(path)
        etl.run(spec, lake.engine)
        return spec

    return load
