"""Serving several work pools from one process, until SIGTERM."""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings

from neurocortex.settings import settings
from neurocortex.worker.host import Host
from neurocortex.worker.preload import MODULES
from neurocortex.worker.warm import WarmProcesses
from neurocortex.worker.worker import NeuroCortexWorker

BOOT_POLL_S: Final = 0.2
"""How often we ask for the server and the pools while the platform starts."""

WORKER_NAME: Final = f"neurocortex@{socket.gethostname()}"
"""What people see in the UI: the same after a restart."""

logger = logging.getLogger(__name__)


async def serve(pools: Sequence[str], modules: Sequence[str] = MODULES) -> None:
    """Serve the work pools.

    SIGTERM and SIGINT end it: runs that go on have `worker.drain_s` seconds to end, and are then
    handed back.

    Args:
        pools: by name.
        modules: what is imported ahead; a flow that needs another imports it itself.

    Raises:
        NotRunningError: there is no Redis to share the ledger in.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        # It imports while we wait for the server.
        processes = await stack.enter_async_context(WarmProcesses(modules))
        async with get_client() as client:
            ready = asyncio.create_task(_until_pools_exist(client, pools))
            await _first(ready, stopping)
        if stopping.is_set():
            return
        host = await stack.enter_async_context(Host(settings(), processes, pools))
        workers = [
            await stack.enter_async_context(
                NeuroCortexWorker(
                    work_pool_name=pool,
                    name=WORKER_NAME,
                    create_pool_if_not_found=False,
                    host=host,
                )
            )
            for pool in pools
        ]
        beating = {asyncio.create_task(_beat(worker)) for worker in workers}
        told = asyncio.create_task(stopping.wait())
        ended, _ = await asyncio.wait({told, *beating}, return_when=asyncio.FIRST_COMPLETED)
        for task in (told, *beating):
            task.cancel()
        for task in ended:
            task.result()  # a heart that stopped takes the process down: it is started again
        logger.warning("Told to stop: no run starts here any more.")
        await host.drain()


async def _beat(worker: NeuroCortexWorker) -> None:
    """Tell Prefect that the worker lives, and hear of changes to its pool."""
    while True:
        await asyncio.sleep(get_current_settings().worker.heartbeat_seconds)
        try:
            await worker.sync_with_backend()
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            logger.warning("Prefect did not take a heartbeat: %s", error)


async def _until_pools_exist(client: PrefectClient, pools: Sequence[str]) -> None:
    """Wait for the server, and for the deployment that makes the pools.

    This process is started with the server, so that both pay their imports at the same time.
    """
    for pool in pools:
        while True:
            try:
                await client.read_work_pool(pool)
                break
            except (httpx.TransportError, httpx.HTTPStatusError, ObjectNotFound):
                await asyncio.sleep(BOOT_POLL_S)


async def _first(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait for a task or an event, and end the task."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for each in (task, waiting):
        each.cancel()
