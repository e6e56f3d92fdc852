"""What people are told about a run that waits for the only slot."""

import asyncio
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL, temporary_settings
from redis.asyncio import Redis

from neurocortex.embedded.home import Home
from neurocortex.embedded.running import Running
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, Settings, TierSettings
from neurocortex.worker import notices
from neurocortex.worker.due import DueRuns
from neurocortex.worker.notices import Notices
from neurocortex.worker.waiting import explain_waiting

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

POOL: Final = "single"
NO_SLOT: Final = "all 1 slots are in use"


@pytest.fixture
def waiting(platform: "Platform", single: "Worker", tmp_path: Path) -> UUID:
    """A run that waits behind one that holds the slot until the test ends."""
    holding = platform.start(platform.deploy("wait", POOL), trace=tmp_path)
    platform.until((tmp_path / f"{holding}.began").exists, "the slot is taken")
    return platform.start(platform.deploy("linger", POOL), trace=tmp_path, seconds=0)


@pytest.fixture(autouse=True)
def _in_the_end_all_runs(platform: "Platform", waiting: UUID, tmp_path: Path) -> object:
    yield
    (tmp_path / "open").touch()
    platform.reaches(waiting, "Completed")


def explained(platform: "Platform", single: "Worker", run: UUID) -> str:
    settings = Settings()
    running = Running(settings, Home(platform.folder), platform.api_url, None, single.redis_url)
    with temporary_settings({PREFECT_API_URL: platform.api_url}):
        return asyncio.run(explain_waiting(run, running))


def test_an_explanation_names_the_limit_and_the_place(
    platform: "Platform", single: "Worker", waiting: UUID
) -> None:
    platform.until(lambda: NO_SLOT in explained(platform, single, waiting), "it waits for a slot")
    # Other tests' runs may wait on the same server, in pools that nobody serves.
    assert re.search(
        r"It is number \d+ of all that wait, \d+ in medium", explained(platform, single, waiting)
    )


def test_a_paused_pool_is_named(platform: "Platform", single: "Worker", waiting: UUID) -> None:
    platform.pause(POOL)
    try:
        assert "paused" in explained(platform, single, waiting)
    finally:
        platform.pause(POOL, paused=False)


def test_the_page_of_the_run_gets_one_notice_that_is_kept_up_to_date(
    platform: "Platform", single: "Worker", waiting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PATIENCE_S", -60.0)
    monkeypatch.setattr(notices, "EVERY_S", 0.0)

    async def keep(run: FlowRun, state: State) -> None:
        pytest.fail(f"{run.name}: {state.message}")

    async def write() -> None:
        policy = Policy.of(TierSettings(), SchedulingSettings())
        async with (
            PrefectClient(platform.api_url) as client,
            Redis.from_url(single.redis_url, decode_responses=True) as redis,
        ):
            ledger, allocations = Ledger(redis), Allocations(redis, "of-the-test")
            worker = (await ledger.workers())[0].name
            due = DueRuns(client, ledger, [POOL], is_ours=lambda _: True, refuse=keep)
            writer = Notices(client, ledger, allocations, worker, policy)
            for _ in range(2):
                await due.refresh(())
                await writer.write(due, {})

    with temporary_settings({PREFECT_API_URL: platform.api_url}):
        asyncio.run(write())
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[waiting]))
    (notice,) = platform.client.read_artifacts(artifact_filter=of_run)
    assert notice.description == "Why this run waits"
    assert NO_SLOT in str(notice.data)
    assert time.strftime("%H:%M", time.gmtime()) in str(notice.data)
