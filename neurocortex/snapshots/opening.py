"""A table and the Redis in front of it, opened at the platform's addresses."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from redis.asyncio import Redis

from neurocortex.errors import NotRunningError
from neurocortex.lake.service_store import ServiceStore
from neurocortex.settings import Settings, variable

TIMEOUT_S: Final = 2.0
"""Of a call to Redis: requests go on with what was known."""

T = TypeVar("T")
TableT = TypeVar("TableT", bound=ServiceStore)


@asynccontextmanager
async def opened(
    redis_url: str | None,
    database_url: str | None,
    table: Callable[[str], TableT],
    made: Callable[[Redis, TableT], T],
) -> AsyncGenerator[T]:
    """Give what is made of a Redis and a table, for one event loop.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    if redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    if database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    async with Redis.from_url(redis_url, socket_timeout=TIMEOUT_S) as redis:
        with table(database_url) as kept:
            yield made(redis, kept)


def addresses(settings: Settings) -> tuple[str | None, str | None]:
    """Return where Redis and PostgreSQL are, as the settings say; None: they do not."""
    redis, database = settings.redis_url, settings.database_url
    return (
        redis.get_secret_value() if redis else None,
        database.get_secret_value() if database else None,
    )
