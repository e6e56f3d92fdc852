"""Loads leave their profile in the Lake, and later ones are compared with it."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine, text

from neurocortex.datasets import etl, history
from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import GateFailedError
from neurocortex.lake.database import connect
from neurocortex.lake.migration import migrate
from neurocortex.quality.drift import Aspect

SALES = """
    name: sales
    source: {kind: csv, path: sales.csv}
    columns:
      - {name: amount, type: number}
      - {name: kind, type: text, nullable: true}
      - {name: who, type: text}
    privacy: {who: redact}
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: amount, min_value: 0}
        severity: stop
    target: {table: sales}
"""


@pytest.fixture
def lake(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url, pool_size=2)
    migrate(engine)
    yield engine
    engine.dispose()


def sales(folder: Path, rows: int, missing: int = 0, least: int = 0) -> DatasetSpec:
    lines = ["amount,kind,who"]
    for each in range(rows):
        kind = "" if each < missing else "ab"[each % 2]
        lines.append(f"{least + each % 100}.5,{kind},Ada Lovelace")
    (folder / "sales.csv").write_text("\n".join(lines) + "\n")
    (folder / "sales.yaml").write_text(dedent(SALES))
    return read(folder / "sales.yaml")


def test_what_changed_is_told_and_the_next_load_is_used_to_it(lake: Engine, tmp_path: Path) -> None:
    spec = sales(tmp_path, 600)
    first = etl.stage(spec, lake)
    assert first.changes == ()
    etl.publish(spec, lake, first)

    spec = sales(tmp_path, 600, missing=60)
    changed = etl.stage(spec, lake)
    assert [(each.column, each.aspect) for each in changed.changes] == [("kind", Aspect.MISSING)]
    etl.publish(spec, lake, changed)
    etl.publish(spec, lake, changed)  # called again, as after a lost answer

    with lake.connect() as connection:
        known = history.earlier(connection, "sales")
    assert [each.column("kind").missing for each in known] == [0, 60]


def test_a_load_that_was_refused_is_no_history(lake: Engine, tmp_path: Path) -> None:
    spec = sales(tmp_path, 100, least=-50)
    staged = etl.stage(spec, lake)
    with pytest.raises(GateFailedError):
        etl.publish(spec, lake, staged)
    with lake.connect() as connection:
        assert history.earlier(connection, "sales") == ()


def test_no_value_of_a_hidden_column_is_kept(lake: Engine, tmp_path: Path) -> None:
    spec = sales(tmp_path, 100)
    staged = etl.stage(spec, lake)
    etl.publish(spec, lake, staged)
    with lake.connect() as connection:
        kept = connection.scalar(text("SELECT profile::text FROM lake.profiles"))
    assert "Lovelace" not in str(kept)
    assert "Lovelace" not in staged.model_dump_json()


def test_old_profiles_are_forgotten(
    lake: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KEPT", 2)
    for rows in (100, 101, 102):
        etl.run(sales(tmp_path, rows), lake)
    with lake.connect() as connection:
        assert [each.rows for each in history.earlier(connection, "sales")] == [101, 102]
