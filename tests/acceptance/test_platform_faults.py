"""A part of a running platform is killed while documents are loaded: nothing is lost."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import psutil
import pytest
from sqlalchemy import text

from neurocortex.domain.answers import Passage
from neurocortex.domain.deployments import INGEST
from neurocortex.embedded.prefect_api import ApiError, FlowRun, PrefectApi
from neurocortex.embedded.running import find
from neurocortex.lake.loads import LoadStatus
from neurocortex.lake.store import Lake
from neurocortex.settings import Settings

if TYPE_CHECKING:
    from tests.acceptance.conftest import Platform

ROWS = 6_000
"""Enough that a load takes seconds."""
RUN_TIMEOUT_S = 120.0
FOUND_WITHIN_S = 60.0
"""A run whose process was killed is shown as crashed by then."""

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

Until = Callable[[Callable[[], bool], float], None]


@dataclass(frozen=True)
class Loading:
    """A run that loads documents."""

    api: PrefectApi
    id: UUID

    @property
    def run(self) -> FlowRun:
        return self.api.flow_run(self.id)

    @property
    def state(self) -> str:
        state = self.run.state
        return state.type if state else ""

    def has_ended(self) -> bool:
        try:
            return self.state in FINAL
        except ApiError:  # the Prefect server stands on the PostgreSQL that a test kills
            return False


class Documents:
    """Loads into one collection of the platform, and what the Lake has of it."""

    def __init__(self, platform: "Platform", folder: Path, lake: Lake) -> None:
        self.lake = lake
        self._api = PrefectApi(platform.api_url)
        self._file = folder / "lines.jsonl"

    def start(self, word: str) -> Loading:
        """Start loading the same rows with another word in them."""
        lines = (
            {
                "id": row,
                "text": f"Row {row} tells of {word} glaciers, of topic {row % 97}, and"
                f" of chapter {row * 31 % 1009} of the handbook that nobody has finished.",
            }
            for row in range(ROWS)
        )
        self._file.write_text("\n".join(map(json.dumps, lines)))
        found = self._api.deployment(INGEST)
        assert found is not None
        asked = {"paths": [str(self._file)], "collection": "faults"}
        return Loading(self._api, self._api.start(found.id, asked).id)

    def are_written(self) -> bool:
        """Tell whether a transaction is writing documents right now."""
        locks = text(
            "SELECT count(*) FROM pg_locks WHERE relation = 'lake.chunks'::regclass"
            " AND mode = 'RowExclusiveLock' AND granted"
        )
        with self.lake.engine.connect() as connection:
            return bool(connection.execute(locks).scalar_one())

    def kept(self) -> tuple[Mapping[str, str], tuple[Passage, ...], Mapping[str, int]]:
        """Return the documents' checksums, what a search finds, and the sizes of all tables."""
        with self.lake.engine.connect() as connection:
            tables = connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'lake'")
            ).scalars()
            sizes = {
                table: int(
                    connection.execute(text(f'SELECT count(*) FROM lake."{table}"')).scalar_one()  # noqa: S608
                )
                for table in sorted(tables)
            }
        found = self.lake.search("faults", "glaciers in chapter 31", 5)
        return self.lake.checksums("faults"), found, sizes


@pytest.fixture(scope="module")
def documents(
    platform: "Platform", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Documents]:
    running = find(Settings(home=platform.home.folder))
    with Lake(running.database_url or "") as lake:
        yield Documents(platform, tmp_path_factory.mktemp("faults"), lake)


def test_a_run_completes_though_redis_is_killed_under_it(
    platform: "Platform", documents: Documents, until: Until
) -> None:
    before = platform.service("redis")
    loading = documents.start("old")
    until(lambda: loading.state == "RUNNING" or loading.has_ended(), RUN_TIMEOUT_S)

    psutil.Process(before.pid).kill()

    until(loading.has_ended, RUN_TIMEOUT_S)
    assert loading.state == "COMPLETED", loading.run.state
    assert documents.lake.collection("faults").documents == ROWS
    after = platform.service("redis")
    assert (after.port, after.restarts) == (before.port, before.restarts + 1)
    shown = platform.run("status")
    assert shown.returncode == 0, shown.stderr


def test_a_killed_run_is_done_again_and_what_it_had_written_is_undone(
    documents: Documents, api: httpx.Client, until: Until
) -> None:
    loading = documents.start("new")
    until(lambda: documents.are_written() or loading.has_ended(), RUN_TIMEOUT_S)
    process = int(api.get(f"/flow_runs/{loading.id}").json()["infrastructure_pid"])

    psutil.Process(process).kill()

    until(loading.has_ended, RUN_TIMEOUT_S)
    assert loading.state == "COMPLETED", loading.run.state
    assert api.get(f"/flow_runs/{loading.id}").json()["run_count"] >= 2
    checksums, found, _ = documents.kept()
    assert len(checksums) == ROWS
    assert all("new glaciers" in passage.text for passage in found)
    assert LoadStatus.RUNNING not in [load.status for load in documents.lake.loads()]


def test_a_run_completes_though_postgresql_is_killed_in_the_middle_of_its_load(
    platform: "Platform", documents: Documents, until: Until
) -> None:
    before = platform.service("postgres")
    loading = documents.start("newer")
    until(lambda: documents.are_written() or loading.has_ended(), RUN_TIMEOUT_S)
    assert loading.state == "RUNNING", "or there is no middle to kill it in"

    psutil.Process(before.pid).kill()

    until(lambda: platform.service("postgres").restarts > before.restarts, FOUND_WITHIN_S)
    until(loading.has_ended, RUN_TIMEOUT_S)
    assert loading.state == "COMPLETED", loading.run.state
    checksums, found, _ = documents.kept()
    assert len(checksums) == ROWS
    assert all("newer glaciers" in passage.text for passage in found)
    assert LoadStatus.RUNNING not in [load.status for load in documents.lake.loads()]
