"""A dataset's table returned to what it was."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import text

from neurocortex.datasets import etl
from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import GateFailedError, LakeError, VersionNotFoundError
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history, pruning

PEOPLE = """
    name: people
    source: {kind: csv, path: people.csv}
    columns:
      - {name: id, type: integer, key: true}
      - {name: name, type: text, nullable: true}
      - {name: born, type: date, nullable: true}
    expectations:
      - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}, severity: stop}
    target: {table: people, mode: MODE}
"""

Load = Callable[..., None]


@pytest.fixture
def load(lake: Lake, tmp_path: Path) -> Load:
    """Write `people.csv` and its dataset, and load it."""

    def write(mode: str, *rows: str) -> None:
        etl.run(spec_of(tmp_path, mode, rows), lake.engine)

    return write


def spec_of(folder: Path, mode: str, rows: tuple[str, ...]) -> DatasetSpec:
    (folder / "people.csv").write_text("id,name,born\n" + "".join(f"{row}\n" for row in rows))
    (folder / "people.yaml").write_text(dedent(PEOPLE).replace("MODE", mode))
    return read(folder / "people.yaml")


def names(lake: Lake) -> list[tuple[int, str]]:
    with lake.engine.connect() as connection:
        rows = connection.execute(text("SELECT id, name FROM data.people ORDER BY id"))
        return [(row.id, row.name) for row in rows]


@pytest.mark.parametrize("mode", ["replace", "upsert"])
def test_back_to_each_version_and_forward_again(lake: Lake, load: Load, mode: str) -> None:
    load(mode, "1,Ada,1815-12-10", "2,Alan,")
    one = names(lake)
    load(mode, "2,Turing,", "3,Grace,")
    two = names(lake)
    load(mode, "4,Edsger,")
    three = names(lake)
    back = history.rollback(lake, "people", 1)
    assert (back.returned_to, back.made) == (1, 4)
    assert names(lake) == one
    for version, wanted in ((3, three), (2, two), (4, one), (5, three)):
        history.rollback(lake, "data.people", version)
        assert names(lake) == wanted
    history.rollback(lake, "people", 0)
    assert names(lake) == []


def test_appended_rows_go_again(lake: Lake, load: Load) -> None:
    load("append", "1,Ada,")
    load("append", "2,Alan,", "1,Again,")
    back = history.rollback(lake, "people", 1)
    assert (back.removed, back.restored) == (1, 0)
    assert names(lake) == [(1, "Ada")]
    load("append", "2,Turing,")
    assert names(lake) == [(1, "Ada"), (2, "Turing")]


def test_rows_that_are_there_twice_without_a_key(lake: Lake, load: Load) -> None:
    load("replace", "1,Ada,")
    load("replace", "1,Ada,")
    assert history.rollback(lake, "people", 1).restored == 1
    assert names(lake) == [(1, "Ada")]


def test_a_failed_gate_makes_no_version(lake: Lake, load: Load) -> None:
    load("replace", "1,Ada,")
    with pytest.raises(GateFailedError):
        load("replace")
    assert [each.version for each in history.versions(lake, "people")] == [1]


def test_a_table_of_before_is_version_0(lake: Lake, load: Load) -> None:
    """Its rows came when versions were not counted yet."""
    load("replace", "1,Ada,")
    with lake.engine.begin() as connection:
        connection.execute(text("UPDATE lake.loads SET version = NULL"))
        connection.execute(text("DROP TABLE history.people"))
    load("replace", "2,Alan,")
    assert history.rollback(lake, "people", 0).made == 2
    assert names(lake) == [(1, "Ada")]


def test_what_was_in_a_dropped_table_cannot_be_had_back(lake: Lake, load: Load) -> None:
    load("replace", "1,Ada,")
    load("replace", "2,Alan,")
    with lake.engine.begin() as connection:
        connection.execute(text("DROP TABLE data.people"))
    load("replace", "3,Grace,")
    with pytest.raises(VersionNotFoundError, match="kept are none"):
        history.rollback(lake, "people", 1)
    load("replace", "4,Edsger,")
    history.rollback(lake, "people", 3)
    assert names(lake) == [(3, "Grace")]


def test_former_rows_that_do_not_fit_any_more(lake: Lake, load: Load) -> None:
    load("replace", "1,Ada,")
    load("replace", "2,Alan,")
    with lake.engine.begin() as connection:
        connection.execute(text("ALTER TABLE data.people ADD COLUMN more text"))
    with pytest.raises(LakeError, match=r"columns of data\.people were changed"):
        history.rollback(lake, "people", 1)
    assert names(lake) == [(2, "Alan")]


def test_only_so_many_versions_are_kept(lake: Lake, load: Load) -> None:
    for number in range(4):
        load("replace", f"{number},N,")
    with lake.engine.begin() as connection:
        pruned = pruning.prune_versions(connection, keep=2, days=30)
    assert pruned.rows == 1
    history.rollback(lake, "people", 2)
    assert names(lake) == [(1, "N")]


def test_records_of_loads_that_nothing_refers_to_go(lake: Lake, load: Load) -> None:
    for number in range(3):
        load("append", f"{number},N,")
    with lake.engine.begin() as connection:
        connection.execute(text("UPDATE lake.loads SET started_at = started_at - interval '9 d'"))
        pruning.prune_versions(connection, keep=1, days=30)
        assert pruning.prune_records(connection, 8) == 1
    assert [each.version for each in history.versions(lake, "people")] == [3, 2]
    history.rollback(lake, "people", 2)
    assert [number for number, _ in names(lake)] == [0, 1], "of a load without a record, too"
