"""Automations hear what came into the Lake, and what did not."""

import time
from pathlib import Path
from typing import Final

import httpx
import pytest
from prefect.events.worker import EventsWorker

from flows.ingest_documents import ingest_documents
from flows.run_etl import run_etl
from neurocortex.lake.store import Lake

PATIENCE_S: Final = 30.0

SPEC: Final = """
name: rides
source: {kind: csv, path: rides.csv}
columns:
  - {name: ride, type: integer, key: true}
  - {name: fare, type: number}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: fare, min_value: 0}
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 2}
    severity: stop
target: {table: rides, mode: replace}
"""


def _events(api: str, resource: str, *names: str) -> dict[str, dict[str, object]]:
    """Return the payloads of a resource's events, when all these are there."""
    EventsWorker.drain_all()
    deadline = time.monotonic() + PATIENCE_S
    wanted = {"filter": {"resource": {"id": [resource]}}}
    while True:
        answer = httpx.post(f"{api}/events/filter", json=wanted).raise_for_status().json()
        found = {event["event"]: event["payload"] for event in answer["events"]}
        if set(names) <= set(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_a_load_its_bad_rows_and_a_stopped_gate_are_announced(
    lake: Lake, prefect_api: str, tmp_path: Path
) -> None:
    spec = tmp_path / "rides.yaml"
    spec.write_text(SPEC)
    rides = tmp_path / "rides.csv"
    rides.write_text("ride,fare\n1,7.5\n2,-3\n3,9\n")
    run_etl(str(spec))
    rides.write_text("ride,fare\n1,7.5\n")
    run_etl(str(spec), return_state=True)

    names = ("dataset.loaded", "rows.quarantined", "gate.stopped")
    found = _events(
        prefect_api, "neurocortex.dataset.rides", *(f"neurocortex.{name}" for name in names)
    )
    assert found["neurocortex.dataset.loaded"] == {
        "loaded": 2,
        "quarantined": 1,
        "table": "data.rides",
    }
    assert found["neurocortex.rows.quarantined"]["count"] == 1
    assert "row count" in str(found["neurocortex.gate.stopped"]["not_met"])


@pytest.mark.parametrize("bad", [True, False])
def test_documents_are_announced(
    lake: Lake, prefect_api: str, tmp_path: Path, *, bad: bool
) -> None:
    (tmp_path / "note.md").write_text("# A note\n\nThe meeting is on Tuesday in the large room.\n")
    if bad:
        (tmp_path / "empty.md").write_text("")
    name = f"notes-{bad}".lower()
    ingest_documents([str(tmp_path / "*.md")], name)

    wanted = ["neurocortex.collection.loaded"] + ["neurocortex.documents.quarantined"] * bad
    found = _events(prefect_api, f"neurocortex.collection.{name}", *wanted)
    assert set(found) == set(wanted)
    assert found["neurocortex.collection.loaded"]["inserted"] == 1
    if bad:
        assert found["neurocortex.documents.quarantined"] == {"count": 1, "rules": ["empty"]}
