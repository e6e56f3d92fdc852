"""A Lake to load rows into, and datasets to load."""

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine

from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.lake.database import connect
from neurocortex.lake.migration import migrate

PEOPLE = """
    name: people
    source: {kind: csv, path: people.csv}
    columns:
      - {name: id, type: integer, key: true}
      - {name: name, type: text}
      - {name: born, type: date, nullable: true}
      - {name: height, type: number, nullable: true}
    target: {table: people, mode: MODE}
"""

WriteDataset = Callable[..., DatasetSpec]


@pytest.fixture
def lake(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=2)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def people(tmp_path: Path) -> WriteDataset:
    """Write `people.csv` and its dataset; return the dataset."""

    def write(rows: str, mode: str = "replace", more: str = "") -> DatasetSpec:
        (tmp_path / "people.csv").write_text("id,name,born,height\n" + dedent(rows).lstrip())
        yaml = dedent(PEOPLE).replace("MODE", mode) + dedent(more)
        (tmp_path / "people.yaml").write_text(yaml)
        return read(tmp_path / "people.yaml")

    return write
