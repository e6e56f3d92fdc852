"""run-etl, whole, on the dataset that ships and on one that is bad."""

from pathlib import Path

import pytest
from sqlalchemy import text

from flows.run_etl import run_etl
from neurocortex.errors import DatasetNotFoundError, GateFailedError
from neurocortex.lake.store import Lake

SPEC = """
name: fares
source: {kind: csv, path: fares.csv}
columns:
  - {name: ride, type: integer, key: true}
  - {name: fare, type: number}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: fare, min_value: 0}
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 2}
    severity: stop
target: {table: fares, mode: replace}
"""


@pytest.fixture
def fares(tmp_path: Path) -> Path:
    """A dataset's YAML; its csv file is the test's to write."""
    spec = tmp_path / "fares.yaml"
    spec.write_text(SPEC)
    return spec


def _rows(lake: Lake, table: str) -> int:
    with lake.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM data.{table}")).scalar_one())  # noqa: S608


def test_the_shipped_dataset_is_loaded_and_loading_it_again_changes_nothing(lake: Lake) -> None:
    report = run_etl("wine")
    assert (report.extracted, report.quarantined) == (178, 0)
    assert _rows(lake, "wine") == 178

    run_etl("wine")
    assert _rows(lake, "wine") == 178


def test_bad_rows_are_set_aside_and_the_others_are_loaded(lake: Lake, fares: Path) -> None:
    fares.with_name("fares.csv").write_text("ride,fare\n1,7.5\n2,-3\n3,abc\n4,12,9\n1,8\n5,9.25\n")

    report = run_etl(str(fares))

    assert report.loaded == _rows(lake, "fares")
    entries = {entry.refused.row: entry.refused.rule for entry in lake.quarantine("data.fares")}
    assert {2, 3, 4} <= set(entries)
    assert report.extracted == report.loaded + report.quarantined


def test_a_gate_that_stops_leaves_the_table_as_it_was(lake: Lake, fares: Path) -> None:
    fares.with_name("fares.csv").write_text("ride,fare\n1,7.5\n2,3\n3,4\n")
    run_etl(str(fares))
    fares.with_name("fares.csv").write_text("ride,fare\n9,1\n")

    state = run_etl(str(fares), return_state=True)

    with pytest.raises(GateFailedError, match="row count"):
        state.result()
    assert _rows(lake, "fares") == 3


def test_an_unknown_dataset_is_named_with_those_there_are(lake: Lake) -> None:
    state = run_etl("vine", return_state=True)
    with pytest.raises(DatasetNotFoundError, match="wine"):
        state.result()
