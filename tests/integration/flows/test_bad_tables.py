"""run-etl on bad tables: an error or a quarantine entry, and the run's artifact shows it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from prefect import Task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import State, TaskRun
from pydantic import SecretStr
from sqlalchemy import text

import blocks
from flows.run_etl import run_etl
from neurocortex.domain.reports import EtlReport
from neurocortex.embedded import ports
from neurocortex.errors import (
    DatasetSpecError,
    GateFailedError,
    LakeUnavailableError,
    NeuroCortexError,
    SourceError,
)
from neurocortex.lake.store import Lake
from tasks.datasets import stage_rows
from tasks.options import may_pass

SPEC = """
name: fares
source: {kind: csv, path: fares.csv}
columns:
  - {name: ride, type: integer, key: true}
  - {name: fare, type: number}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: fare, min_value: 0}
    note: nobody is paid for a ride
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 2}
    severity: stop
target: {table: fares}
"""


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """The csv file that `fares.yaml` beside it describes; it is the test's to write."""
    (tmp_path / "fares.yaml").write_text(SPEC)
    return tmp_path / "fares.csv"


def _run(csv: Path, lake_block: str = "default") -> State[EtlReport]:
    return run_etl(str(csv.with_suffix(".yaml")), lake=lake_block, return_state=True)


def _artifact(state: State[EtlReport], key: str) -> str:
    """Return what a run left under a key: Markdown, or a table as JSON."""
    run = cast("UUID", state.state_details.flow_run_id)
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run]), key=ArtifactFilterKey(any_=[key])
    )
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(artifact_filter=wanted)
    return str(artifact.data)


def _fails(state: State[EtlReport], kind: type[NeuroCortexError], *said: str) -> None:
    """See that a run failed with an error, and that its artifact says of it what the error does."""
    assert state.is_failed()
    with pytest.raises(kind) as caught:
        state.result()
    shown = _artifact(state, "etl-report").replace("\\", "")
    assert "was not loaded" in shown
    assert kind.__name__ in shown
    for words in said:
        assert words in str(caught.value)
        assert words in shown


def _fares(lake: Lake) -> Mapping[int, float]:
    with lake.engine.connect() as connection:
        found = connection.execute(text("SELECT ride, fare FROM data.fares"))
        return {row.ride: row.fare for row in found}


def test_bad_rows_are_shown_with_file_row_and_reason_and_the_others_are_loaded(
    lake: Lake, csv: Path
) -> None:
    csv.write_text(
        'ride,fare\n1,7.5\n2\n3,9,USD\n4,cheap\nfive,8\n6,\n7,-3\n1,8\n8,9.25\n9,"1\n',
    )
    expected = {
        2: ("malformed_row", "too few fields in line 3: 1 where the header has 2"),
        3: ("malformed_row", "too many fields in line 4: 3 where the header has 2"),
        4: ("wrong_type", "fare is 'cheap': not a number"),
        5: ("wrong_type", "ride is 'five': not a whole number"),
        6: ("missing_value", "fare is empty, but it must have a value"),
        7: ("expect_column_values_to_be_between", "nobody is paid for a ride"),
        8: ("duplicate_key", "row 1 has the same key already: ride = 1"),
        10: ("malformed_row", "line 11 cannot be read as csv: unexpected end of data"),
    }

    state = _run(csv)

    report = state.result()
    assert (report.extracted, report.loaded, report.quarantined) == (10, 2, 8)
    assert _fares(lake) == {1: 7.5, 8: 9.25}
    kept = [entry.refused for entry in lake.quarantine("data.fares")]
    assert {entry.row: entry.rule for entry in kept} == {
        row: rule for row, (rule, _) in expected.items()
    }
    shown = {entry["row"]: entry for entry in json.loads(_artifact(state, "etl-quarantine"))}
    assert set(shown) == set(expected)
    for row, (rule, reason) in expected.items():
        assert shown[row]["source"] == str(csv)
        assert shown[row]["rule"] == rule
        assert reason in shown[row]["reason"]
    assert "2 of 10 rows" in _artifact(state, "etl-report")


def test_a_key_that_is_in_the_table_already_is_shown(lake: Lake, csv: Path) -> None:
    csv.with_suffix(".yaml").write_text(SPEC.replace("table: fares", "table: fares, mode: append"))
    csv.write_text("ride,fare\n1,7.5\n2,3\n")
    _run(csv).result()
    csv.write_text("ride,fare\n3,9\n2,4\n")

    state = _run(csv)

    assert state.result().loaded == 1
    assert _fares(lake) == {1: 7.5, 2: 3.0, 3: 9.0}
    (shown,) = json.loads(_artifact(state, "etl-quarantine"))
    assert (shown["source"], shown["row"], shown["rule"]) == (str(csv), 2, "duplicate_key")
    assert "a row in the table has the same key already: ride = 2" in shown["reason"]


def test_a_gate_that_stops_is_shown_and_leaves_the_table_as_it_was(lake: Lake, csv: Path) -> None:
    csv.write_text("ride,fare\n1,7.5\n2,3\n")
    _run(csv).result()
    csv.write_text("ride,fare\n1,8\n")

    state = _run(csv)

    _fails(state, GateFailedError, "nothing was loaded", "row count to be between (min_value 2)")
    (unmet,) = (row for row in json.loads(_artifact(state, "etl-gate")) if row["met"] == "no")
    assert unmet["of"] == "the table"
    assert _fares(lake) == {1: 7.5, 2: 3.0}


def test_a_yaml_with_an_unknown_column_names_file_line_and_column(lake: Lake, csv: Path) -> None:
    csv.write_text("ride,fare\n1,7.5\n2,3\n")
    spec = csv.with_suffix(".yaml")
    spec.write_text(SPEC.replace("column: fare,", "column: fair,"))
    _fails(
        _run(csv),
        DatasetSpecError,
        str(spec),
        "line 9, expectations[0].kwargs: there is no column 'fair'. Did you mean 'fare'?",
    )


def test_a_column_the_yaml_does_not_know_is_named(lake: Lake, csv: Path) -> None:
    csv.write_text("ride,fair\n1,7.5\n2,3\n")
    _fails(_run(csv), SourceError, str(csv), "'fare' (is it 'fair'?)")


def test_a_missing_source_is_named(lake: Lake, csv: Path) -> None:
    _fails(_run(csv), SourceError, f"there is no file {csv}")


def test_an_empty_source_is_named(lake: Lake, csv: Path) -> None:
    csv.touch()
    _fails(_run(csv), SourceError, f"{csv} is empty")


def test_a_wrong_encoding_is_shown_with_file_and_line(lake: Lake, csv: Path) -> None:
    csv.write_bytes("ride,fare\n1,7.5\n2,3 £\n".encode("cp1252"))
    _fails(
        _run(csv),
        SourceError,
        f"{csv} is not written in utf-8: byte 0xa3 in line 3",
        "Set source.encoding",
    )


def test_a_lake_that_is_gone_is_tried_again_and_then_named(
    prefect_api: str, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv.write_text("ride,fare\n1,7.5\n2,3\n")
    address = f"127.0.0.1:{ports.free()}"
    blocks.Lake(url=SecretStr(f"postgresql://somebody@{address}/lake")).save("gone", overwrite=True)
    failures = 0

    def counted(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
        nonlocal failures
        failures += 1
        return may_pass(task, run, state)

    monkeypatch.setattr(stage_rows, "retry_condition_fn", counted)
    monkeypatch.setattr(stage_rows, "retry_delay_seconds", [0.01])

    state = _run(csv, "gone")

    _fails(state, LakeUnavailableError, address.partition(":")[2], "onnection refused")
    assert failures == stage_rows.retries == 3
