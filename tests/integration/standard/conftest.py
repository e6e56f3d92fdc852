"""A deployment on the real Prefect server, and a standard lane over it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.results import ResultStore
from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings
from prefect.states import Running, return_value_to_state
from redis.asyncio import Redis

from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.ledger.wakes import Wakes
from neurocortex.settings import TrackingSettings
from neurocortex.spending.runs import RunSpending
from neurocortex.standard.lane import StandardLane
from neurocortex.tracking.leadership import Leadership
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker
from neurocortex.tracking.upkeep import Upkeep
from tests.integration.tracking.conftest import requests_url, table

__all__ = ["requests_url", "table"]

SETTINGS = TrackingSettings(write_every_s=0.1)
PATIENCE_S = 30.0
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Prefect 3.8 leaves the client open by which it reads where results are kept by default; it
    # is found unclosed during whatever test runs then.
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Collect a test's garbage within it, so that no other test is blamed."""
    yield
    gc.collect()


@flow(name="count-words", persist_result=True)
async def count_words(text: str) -> dict[str, int]:
    return {"words": len(text.split())}


@pytest.fixture(scope="session")
def deployment(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a deployment of `count_words`, on a pool that no worker serves."""
    pool, name = f"pool-{uuid4().hex}", f"count-{uuid4().hex}"
    storage = tmp_path_factory.mktemp("results")
    with temporary_settings({PREFECT_API_URL: prefect_server, PREFECT_LOCAL_STORAGE_PATH: storage}):
        with SyncPrefectClient(api=prefect_server) as client:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
            flow_id = client.create_flow(count_words)
            client.create_deployment(
                flow_id=flow_id,
                name=name,
                work_pool_name=pool,
                enforce_parameter_schema=True,
                parameter_openapi_schema={
                    "type": "object",
                    "properties": {"text": {"type": "string"}},
                    "required": ["text"],
                },
            )
        yield f"count-words/{name}"


@dataclass(frozen=True)
class Gateway:
    """What one gateway process has of the standard lane."""

    tracker: Tracker
    admission: Admission
    lane: StandardLane
    upkeep: Upkeep
    client: PrefectClient
    redis: Redis


@asynccontextmanager
async def gateway(
    redis_url: str, table: RequestTable, *, running: bool = True, limits: Limits | None = None
) -> AsyncIterator[Gateway]:
    """Open a gateway's part; not `running`: nothing is started or followed by itself."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(redis_url))
        client = await stack.enter_async_context(get_client())
        tracker = await stack.enter_async_context(Tracker(redis, table, SETTINGS))
        admission = Admission(redis, limits or Limits())
        leadership = Leadership(redis)
        upkeep = Upkeep(tracker, table, leadership, SETTINGS)
        spent = RunSpending(redis)
        lane = StandardLane(tracker, table, admission, client, Wakes(redis), leadership, spent)
        opened = Gateway(tracker, admission, lane, upkeep, client, redis)
        if not running:
            yield opened
            return
        tasks = [asyncio.create_task(upkeep.run()), asyncio.create_task(lane.run())]
        try:
            yield opened
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def complete(client: PrefectClient, run: UUID, returned: object) -> None:
    """End a flow run as its process would: its result is kept, and its state refers to that."""
    store = await ResultStore(persist_result=True).aupdate_for_flow(count_words)
    await client.set_flow_run_state(run, Running())
    await client.set_flow_run_state(
        run, await return_value_to_state(returned, store, write_result=True)
    )


async def until(look: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is so."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await look():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"It did not happen: {what}.")
