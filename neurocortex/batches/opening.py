"""All that a flow run needs to work off a batch, put together from the settings."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis

from neurocortex.batches.gauge import MemoryGauge
from neurocortex.batches.pacing import FIRST, Pace
from neurocortex.batches.rounds import Pacer
from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Batch
from neurocortex.batches.working import Workshop, first_at_once
from neurocortex.cache.cache import opened as opened_cache
from neurocortex.cache.process import DISK
from neurocortex.errors import LakeUnavailableError, NotRunningError
from neurocortex.experiments.opening import of_settings
from neurocortex.experiments.taking import Taking
from neurocortex.realtime.batching import Limits
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.ending import end
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.registry import Registry
from neurocortex.settings import Settings, variable

NEAR_TIMEOUT: Final = 0.5
"""Items that take so much of their time are in danger of not ending in it."""


logger = logging.getLogger(__name__)


def table_of(settings: Settings) -> BatchTable:
    """Open the tables of batches; close them, or use `with`.

    Raises:
        NotRunningError: the settings name no PostgreSQL.
    """
    if settings.database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    return BatchTable(settings.database_url.get_secret_value())


@asynccontextmanager
async def opened(settings: Settings, table: BatchTable, batch: Batch) -> AsyncGenerator[Workshop]:
    """Give what works off a batch, for one event loop.

    Raises:
        NotRunningError: the settings name no Redis.
        PipelineError: a module that the settings name has no pipeline.
    """
    if settings.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    lane, chosen = settings.realtime, settings.batches
    disk = settings.home.absolute() / DISK
    pace = Pace(
        at_once=min(first_at_once(batch, FIRST), chosen.at_once),
        most=chosen.at_once,
        slowest_s=lane.timeout_s * NEAR_TIMEOUT,
    )
    with Threads(lane.threads) as threads:
        async with (
            Redis.from_url(settings.redis_url.get_secret_value()) as redis,
            opened_cache(settings.cache, redis, disk) as cache,
            _taking_part(settings) as taking,
        ):
            results = TaskCache(cache)
            limits = Limits(lane.max_batch, lane.batch_wait_ms / 1000)
            yield Workshop(
                table,
                Registry.load(settings.gateway.pipelines),
                TaskRunner(threads, limits, results),
                threads,
                Pacer(pace, MemoryGauge(chosen.memory_mb).free_mb),
                timeout_s=lane.timeout_s,
                cache=results,
                experiments=taking,
            )


@asynccontextmanager
async def _taking_part(settings: Settings) -> AsyncGenerator[Taking]:
    """Give the experiments that items take part in; what came of them is told at the end, too."""
    async with of_settings(settings) as known:
        taking = Taking(known)
        await taking.once()
        looking = asyncio.create_task(taking.run())
        try:
            yield taking
        finally:
            await end([looking])
            try:
                await taking.write()
            except LakeUnavailableError as error:
                logger.warning("Experiments do not hear of the last items: %s", error)
