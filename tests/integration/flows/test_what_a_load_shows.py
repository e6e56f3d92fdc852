"""What people see of a load: its history as a picture, data docs, and its lineage as assets."""

import base64
import re
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from prefect.events.worker import EventsWorker

from flows.ingest_documents import ingest_documents
from flows.run_etl import run_etl
from neurocortex.lake.store import Lake
from neurocortex.settings import settings

PATIENCE_S: Final = 30.0

CUSTOMERS: Final = """
name: customers
source: {kind: csv, path: customers.csv}
columns:
  - {name: id, type: integer, key: true}
target: {table: customers}
"""

ORDERS: Final = """
name: shown
source: {kind: csv, path: my orders.csv}
columns:
  - {name: order, type: integer, key: true}
  - {name: customer, type: integer}
expectations:
  - type: expect_column_values_to_be_in_table
    kwargs: {column: customer, table: customers, table_column: id}
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 2}
    severity: stop
target: {table: shown}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    datasets = tmp_path / "datasets"
    datasets.mkdir()
    (datasets / "customers.yaml").write_text(CUSTOMERS)
    (datasets / "customers.csv").write_text("id\n1\n2\n")
    (datasets / "shown.yaml").write_text(ORDERS)
    monkeypatch.setenv("NEUROCORTEX_DATASETS__FOLDER", str(datasets))
    settings.cache_clear()
    return datasets


def orders(folder: Path, *rows: str) -> None:
    (folder / "my orders.csv").write_text("order,customer\n" + "".join(f"{row}\n" for row in rows))


def artifact(api: str, key: str) -> str:
    """Return the newest artifact of a key."""
    wanted = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
    (found,) = httpx.post(f"{api}/artifacts/filter", json=wanted).raise_for_status().json()
    return str(found["data"])


def asset_events(api: str, asset: str, *wanted: str) -> dict[str, dict[str, object]]:
    """Return the events of an asset that no other test has, when all these are there."""
    EventsWorker.drain_all()
    asked = {"filter": {"resource": {"id": [f"postgres://default/{asset}"]}}}
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = httpx.post(f"{api}/events/filter", json=asked).raise_for_status().json()
        found = {event["event"]: event for event in answer["events"]}
        if set(wanted) <= set(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_history_docs_and_lineage_of_a_load(lake: Lake, prefect_api: str, folder: Path) -> None:
    served = settings().home / "prefect" / "ui" / "v1" / "neurocortex"
    served.mkdir(parents=True)
    run_etl("customers")
    orders(folder, "1,1", "2,2", "3,9")
    run_etl("shown")
    orders(folder, "1,1")
    assert run_etl("shown", return_state=True).is_failed()

    shown = artifact(prefect_api, "etl-history")
    assert [line.split("|")[2:6] for line in shown.splitlines()[-2:]] == [
        [" 1 ", " 0 (0.0 %) ", " 1 ", " not loaded "],
        [" 3 ", " 1 (33.3 %) ", " 0 ", "  "],
    ]
    picture = re.search(r"data:image/svg\+xml;base64,([\w+/=]+)", shown)
    assert picture is not None
    fromstring(base64.b64decode(picture[1]))  # noqa: S314 - it is our own

    link = re.search(r"\((http[^)]*)\)", artifact(prefect_api, "etl-data-docs"))
    assert link is not None
    page = served / urlsplit(link[1]).path.removeprefix("/neurocortex/")
    assert "Data asset" in page.read_text()
    assert len(list((served / "data-docs" / "shown").iterdir())) == 2

    succeeded, failed = (f"prefect.asset.materialization.{how}" for how in ("succeeded", "failed"))
    found = asset_events(prefect_api, "data/shown", succeeded, failed)
    assert sources_of(found[succeeded]) == {
        f"file://{folder}/my_orders.csv",
        "postgres://default/data/customers",
    }


def test_lineage_of_a_collection(lake: Lake, prefect_api: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The reactor is checked each Monday, before noon.")
    ingest_documents([str(tmp_path / "note.txt")], "traced")
    assert lake.collection("traced").documents == 1
    succeeded = "prefect.asset.materialization.succeeded"
    found = asset_events(prefect_api, "collections/traced", succeeded)
    assert sources_of(found[succeeded]) == {f"file://{tmp_path}/note.txt"}


def sources_of(event: dict[str, object]) -> set[str]:
    related = event["related"]
    assert isinstance(related, list)
    return {
        each["prefect.resource.id"] for each in related if each["prefect.resource.role"] == "asset"
    }
