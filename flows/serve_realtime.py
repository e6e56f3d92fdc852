"""serve-realtime: the standing flow of the real-time lane.

`python -m flows.serve_realtime [CONSUMER]` runs it until SIGTERM. It is of no deployment and takes
no slot: the supervisor starts it, and starts it again when it dies. It serves before Prefect's
server is there, and while it is away.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import httpx
import uvloop
from prefect import flow
from prefect.exceptions import PrefectException
from prefect.logging.configuration import setup_logging
from redis.asyncio import Redis

from blocks import saved
from neurocortex.cache import cache
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import NotRunningError
from neurocortex.learning.keeping import SampleKeeping
from neurocortex.learning.store import LearningStore
from neurocortex.realtime import lost_runs, opening
from neurocortex.realtime.ending import end
from neurocortex.realtime.lane import Lane
from neurocortex.realtime.lost import FLOW, LostCalls
from neurocortex.realtime.windows import Totals
from neurocortex.requests.registry import Registry
from neurocortex.settings import Settings, settings, variable
from neurocortex.settling import settle
from tasks.experiments import experimenting
from tasks.feedback_keeping import keeping_predictions
from tasks.lake import kept_open
from tasks.model_warming import warming
from tasks.providers import check_saved_for_ever
from tasks.publish_window import Recording, api_answers
from tasks.rollouts import rolling_out

BOOT_POLL_S: Final = 0.2
"""How often we ask for a server that is away."""

LAST_WINDOW_S: Final = 5.0
"""The end does not wait longer for the last window to be recorded."""

DISK: Final = "cache/entries.sqlite"
"""Level 3 of the cache, below `NEUROCORTEX_HOME`: the one of all processes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Serving:
    """What this process does, in Prefect's sight or not."""

    lane: Lane
    job: asyncio.Task[None]
    stopping: asyncio.Event


_SERVING: Final[ContextVar[_Serving]] = ContextVar("serving")


@flow(
    name=FLOW,
    flow_run_name="{consumer}",
    description="Serves the real-time lane until it is told to stop: each task run is a window.",
    retries=0,
    persist_result=False,
)
async def serve_realtime(consumer: str) -> Totals:  # noqa: ARG001 - people see it
    """Show in Prefect what this process serves, until it is told to stop.

    Each window in which something happened is a task run with its counts, latencies and failures.

    Args:
        consumer: Name of this process in the lane.

    Raises:
        ThreadsStuckError: too many tasks hang; the supervisor starts the process again.
    """
    serving = _SERVING.get()
    lane = serving.lane
    _stop_by_signal(serving.stopping)  # Prefect has set handlers of its own
    chosen = settings().realtime
    recording = Recording(lambda: lane.figures.window(lane.in_flight), chosen.window_s)
    beside = [
        asyncio.create_task(recording.run()),
        asyncio.create_task(lost_runs.end_for_ever(lane.redis, chosen.lost_after_s)),
    ]
    try:
        await asyncio.wait({serving.job})
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WINDOW_S):
                await recording.record()
        await serving.job
    finally:
        await end(beside)
    return recording.totals


@asynccontextmanager
async def _opened(chosen: Settings, consumer: str) -> AsyncGenerator[Lane]:
    redis_url, database_url = chosen.redis_url, chosen.database_url
    if redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    if database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        redis = await enter(Redis.from_url(redis_url.get_secret_value()))
        letters = stack.enter_context(DeadLetters(database_url.get_secret_value()))
        saved.remember(chosen.realtime.blocks_s)
        stack.callback(saved.remember, 0)
        stack.enter_context(kept_open())
        await enter(rolling_out(chosen))
        await enter(warming(chosen))
        await enter(experimenting(chosen))
        await enter(keeping_predictions(chosen))
        disk = chosen.home.absolute() / DISK
        results = await enter(cache.opened(chosen.cache, redis, disk))
        lost = LostCalls(letters, chosen.realtime.replays_per_minute)
        keeping = asyncio.create_task(lost.keep(), context=Context())
        stack.callback(keeping.cancel)
        stack.push_async_callback(lost.kept)
        checking = asyncio.create_task(
            check_saved_for_ever(chosen, redis_url.get_secret_value()), context=Context()
        )
        stack.push_async_callback(end, [checking])
        registry = Registry.load(chosen.gateway.pipelines)
        lane = await enter(
            opening.opened(chosen, redis, registry, consumer=consumer, lost=lost, cache=results)
        )
        sampled = SampleKeeping(lane.sample, LearningStore(redis), chosen.routing.runs_kept)
        sampling = asyncio.create_task(sampled.run(), context=Context())
        stack.push_async_callback(sampled.once)
        stack.callback(sampling.cancel)
        yield lane


async def main(consumer: str) -> None:
    """Serve until told to stop; show it in Prefect as soon, and for as long, as that is there.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
        ThreadsStuckError: too many tasks hang; the supervisor starts the process again.
    """
    stopping = asyncio.Event()
    _stop_by_signal(stopping)
    async with _opened(settings(), consumer) as lane:
        settle()
        # Outside of the flow's context: tasks' functions are called themselves, and what they ask
        # of Prefect in threads is to be answered there.
        job = asyncio.create_task(lane.serve(stopping), context=Context())
        _SERVING.set(_Serving(lane, job, stopping))
        while not job.done():
            if not await api_answers():
                await asyncio.wait({job}, timeout=BOOT_POLL_S)
                continue
            try:
                await serve_realtime(consumer)
            except (httpx.HTTPError, PrefectException) as error:
                logger.warning("It serves unseen, as Prefect's server is away: %s", error)
        await job


def _stop_by_signal(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)


if __name__ == "__main__":
    setup_logging()
    name = sys.argv[1] if len(sys.argv) > 1 else f"{socket.gethostname()}-{uuid4().hex[:8]}"
    uvloop.run(main(name))
