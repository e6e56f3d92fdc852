"""A lane process put together from the settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.cache.cache import Cache
from neurocortex.realtime import layout
from neurocortex.realtime.batching import Limits as BatchLimits
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.lane import Lane, Lost
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.registry import Registry
from neurocortex.settings import Settings


@asynccontextmanager
async def opened(
    settings: Settings,
    redis: Redis,
    registry: Registry,
    *,
    consumer: str,
    lost: Lost,
    cache: Cache | None = None,
    namespace: str = layout.NAMESPACE,
) -> AsyncGenerator[Lane]:
    """Give a lane for one event loop, ready to `serve`.

    Args:
        settings: of the platform.
        redis: with `decode_responses=False`.
        registry: the pipelines it serves, the same as the gateways'.
        consumer: its name: of this start of this process, and of no other.
        lost: told of each call that failed for good.
        cache: where results of tasks are kept; None: nowhere.
        namespace: what all keys start with, those of the admission too.
    """
    chosen = settings.realtime
    admission = Admission(redis, Limits.of(settings.admission), namespace)
    limits = BatchLimits(chosen.max_batch, chosen.batch_wait_ms / 1000)
    results = TaskCache(cache) if cache else None
    with Threads(chosen.threads) as threads:
        yield Lane(
            redis=redis,
            registry=registry,
            consumer=consumer,
            settings=chosen,
            scheduling=settings.scheduling,
            runner=TaskRunner(threads, limits, results),
            threads=threads,
            release=admission.release_command,
            lost=lost,
            cache=results,
            namespace=namespace,
        )
