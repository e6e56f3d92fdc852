"""Ending what the cache holds of what a command has changed, and what else Redis has of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from neurocortex.cache.cache import Cache
from neurocortex.cache.process import open_results
from neurocortex.cache.values import EVERYONE, Announced
from neurocortex.cli.cache import TIMEOUT_S
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.embedded.running import Running
from neurocortex.errors import CacheUnavailableError
from neurocortex.lake.database import translated
from neurocortex.lake.store import Lake
from neurocortex.rollout import scripts as rollouts
from neurocortex.snapshots.scripts import NAMESPACE

TAG: Final = "collection:{}"
"""Of what was computed from a collection."""

TENANTS: Final = text("""
SELECT tenant FROM access.api_keys UNION SELECT tenant FROM work.requests
UNION SELECT tenant FROM work.batches UNION SELECT tenant FROM work.dead_letters
""")
"""All that were ever heard of."""


def forget_collection(running: Running, collection: str) -> None:
    """End all cached results that were computed from a collection, whoever's.

    Raises:
        CacheUnavailableError: Redis does not answer. Answers of flows are asked for with the
            collection's version, so they are not served after it has changed.
    """

    async def order(cache: Cache) -> Announced:
        return await cache.invalidate_tag(EVERYONE, TAG.format(collection))

    _end(running, (order,))


def forget_everything(running: Running, lake: Lake) -> None:
    """Remove all cached results of all tenants.

    Raises:
        CacheUnavailableError: Redis or the disk does not answer.
    """
    with translated(), lake.engine.connect() as connection:
        tenants = connection.scalars(TENANTS).all()

    def order_for(tenant: str) -> Callable[[Cache], Awaitable[Announced]]:
        return lambda cache: cache.clear(tenant)

    _end(running, tuple(map(order_for, {*tenants, DEFAULT_TENANT})))


def forget_snapshots(running: Running) -> None:
    """Have all processes read anew which rollouts and experiments PostgreSQL has.

    A snapshot is replaced by a later one only, and those of a restored database may be earlier.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    from neurocortex.experiments import experiments  # 2 s, which only a restore needs

    if running.redis_url is None:
        return
    names = (rollouts.SNAPSHOT, experiments.KEY)
    try:
        with Redis.from_url(running.redis_url, socket_timeout=TIMEOUT_S) as redis:
            redis.delete(*(f"{NAMESPACE}:{name}" for name in names))
    except RedisError as error:
        stale = " and ".join(names)
        raise CacheUnavailableError("redis", f"{error}; as before the restore: {stale}") from error


def _end(running: Running, orders: Sequence[Callable[[Cache], Awaitable[Announced]]]) -> None:
    url = running.redis_url
    if url is None:
        return

    async def told() -> list[Announced]:
        async with open_results(running.settings, url, TIMEOUT_S) as results:
            await results.cache.catch_up()
            return [await order(results.cache) for order in orders]

    lost = [each.target.name for each in asyncio.run(told()) if not each.delivered]
    if lost:
        raise CacheUnavailableError("redis", f"no answer; not invalidated: {', '.join(lost)}")
