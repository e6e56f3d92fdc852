"""`python -m neurocortex.embedded.workers`: the process that serves the four tier pools.

Four of Prefect's process workers, one for each pool, in one event loop: one interpreter and one
import of Prefect in place of four.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from uuid import UUID

import httpx
import psutil
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.logging.configuration import setup_logging
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from neurocortex.domain.deployments import Tier
from neurocortex.embedded.lost_runs import SWEEP_EVERY, WORKER_NAME, LostRuns

if TYPE_CHECKING:
    from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
    from prefect.client.schemas.responses import DeploymentResponse

BOOT_POLL_S: Final = 0.2
"""How often we ask for the server and the pools while the platform starts."""

LONGEST_WAIT_S: Final = 10.0
"""Between two tries while the server is away: it may be restarted at any time."""

logger = logging.getLogger(__name__)


class FlowRunConfiguration(ProcessJobConfiguration):
    """Starts each flow run by a command of ours, unless its deployment has another.

    Ours ends with the worker, and it saves the process in between that Prefect starts to prepare
    a workspace, with its two seconds of imports: our flows are installed modules and need none.
    """

    def prepare_for_flow_run(
        self,
        flow_run: "FlowRun",
        deployment: "DeploymentResponse | None" = None,
        flow: "Flow | None" = None,
        work_pool: "WorkPool | None" = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """Fill in what is known only now; called by the worker."""
        if self.command is None:
            self.command = f"{sys.executable} -m neurocortex.embedded.flow_run {os.getpid()}"
        super().prepare_for_flow_run(
            flow_run, deployment, flow, work_pool, worker_name, worker_id=worker_id
        )


async def serve() -> None:
    """Serve the four pools until SIGTERM.

    Runs that go on then are ended, and Prefect is told that they crashed.
    """
    async with get_client() as client:
        await _until_pools_exist(client)
        stopping = asyncio.Event()  # until here SIGTERM ends us at once, and nothing is lost
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        async with AsyncExitStack() as stack:
            workers = [await stack.enter_async_context(_worker(tier)) for tier in Tier]
            settings = get_current_settings().worker
            async with asyncio.TaskGroup() as loops:
                for worker in workers:
                    poll, beat = settings.query_seconds, settings.heartbeat_seconds
                    loops.create_task(_repeat(worker.get_and_submit_flow_runs, poll, stopping))
                    loops.create_task(_repeat(worker.sync_with_backend, beat, stopping))
                sweep = LostRuns(client).sweep
                loops.create_task(_repeat(sweep, SWEEP_EVERY.total_seconds(), stopping))
            # No run starts any more. Leaving the workers waits for those that go on.
            for child in psutil.Process().children():
                child.terminate()


def _worker(tier: Tier) -> ProcessWorker:
    worker = ProcessWorker(
        work_pool_name=tier.value, name=WORKER_NAME, create_pool_if_not_found=False
    )
    # On the object: a subclass would take Prefect's own place in the registry of worker types.
    worker.job_configuration = FlowRunConfiguration
    return worker


async def _until_pools_exist(client: PrefectClient) -> None:
    """Wait for the server, and for the deployment that makes the pools.

    This process is started with the server, so that both pay their imports at the same time.
    """
    for tier in Tier:
        while True:
            try:
                await client.read_work_pool(tier.value)
                break
            except (httpx.TransportError, httpx.HTTPStatusError, ObjectNotFound):
                await asyncio.sleep(BOOT_POLL_S)


async def _repeat(
    act: Callable[[], Awaitable[object]], every_s: float, stopping: asyncio.Event
) -> None:
    """Act again and again until we stop, with longer waits while the server is away."""
    wait_s = every_s
    while not stopping.is_set():
        try:
            await act()
            wait_s = every_s
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            wait_s = min(wait_s * 2, max(LONGEST_WAIT_S, every_s))
            logger.warning("Prefect does not answer (%s); next try in %g s.", error, wait_s)
        try:
            await asyncio.wait_for(stopping.wait(), wait_s)
        except TimeoutError:
            continue


if __name__ == "__main__":
    setup_logging()
    asyncio.run(serve())
