"""Rollouts opened at the platform's addresses."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from redis.asyncio import Redis

from neurocortex.errors import NotRunningError
from neurocortex.rollout.rollouts import Rollouts
from neurocortex.rollout.store import RolloutTable
from neurocortex.settings import Settings, variable

TIMEOUT_S: Final = 2.0
"""Of a call to Redis: requests go on with what was known."""


@asynccontextmanager
async def opened(redis_url: str | None, database_url: str | None) -> AsyncGenerator[Rollouts]:
    """Give the rollouts of a platform, for one event loop.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    if redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    if database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    async with Redis.from_url(redis_url, socket_timeout=TIMEOUT_S) as redis:
        with RolloutTable(database_url) as table:
            yield Rollouts(redis, table)


def of_settings(settings: Settings) -> AbstractAsyncContextManager[Rollouts]:
    """Give the rollouts of the platform that the settings name.

    Raises:
        NotRunningError: they name no Redis or no PostgreSQL.
    """
    redis, database = settings.redis_url, settings.database_url
    return opened(
        redis.get_secret_value() if redis else None,
        database.get_secret_value() if database else None,
    )
