"""The states of endpoints in Redis, so that all processes agree."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neurocortex.balancing import scripts
from neurocortex.balancing.health import Health
from neurocortex.balancing.states import Look, State
from neurocortex.lua import LuaScripts

NAMESPACE: Final = "neurocortex:balancing"

PATIENCE_S: Final = 1.0
"""A Redis that does not answer by then counts as gone: a call of an LLM must not wait for it."""

LEASE_MS: Final = 120_000
"""A call of a process that died counts so long; a longer one counts no more after it."""

KEPT_MS: Final = 3_600_000
"""What was an hour ago says nothing about an endpoint."""

_MS: Final = 1000


class RedisStates:
    """Raises RedisError, OSError or TimeoutError where Redis does not answer."""

    def __init__(self, redis: Redis) -> None:
        """Keep them in a Redis."""
        self._redis = redis
        self._scripts = LuaScripts(redis, NAMESPACE)

    async def look(self, names: Sequence[str]) -> Look:
        """Return what is known."""
        keys = [key for name in names for key in (_health(name), _calls(name))]
        found = cast("list[bytes | int]", await self._call(scripts.LOOK, keys, []))
        texts = [cast("bytes", each).decode() for each in found[1::2]]
        return Look(
            cast("int", found[0]) / _MS,
            {
                name: State(
                    Health.model_validate_json(text) if text else Health(), cast("int", calls), text
                )
                for name, text, calls in zip(names, texts, found[2::2], strict=True)
            },
        )

    async def begin(self, name: str, call: str, most: int | None) -> bool:
        """Count a call in flight, where there is room."""
        return bool(await self._call(scripts.BEGIN, [_calls(name)], [call, most or 0, LEASE_MS]))

    async def end(self, name: str, call: str) -> None:
        """Count it no more."""
        async with asyncio.timeout(PATIENCE_S):
            await self._redis.zrem(self._scripts.key(_calls(name)), call)

    async def change(self, name: str, before: State, after: Health) -> bool:
        """Write a health that nobody has changed meanwhile."""
        arguments: list[str | int] = [before.text, after.model_dump_json(), KEPT_MS]
        return bool(await self._call(scripts.CHANGE, [_health(name)], arguments))

    async def claim_check(self, name: str, seconds: float) -> bool:
        """Tell whether this process is the one that checks an endpoint in this round."""
        key = self._scripts.key(f"check:{name}")
        async with asyncio.timeout(PATIENCE_S):
            return bool(await self._redis.set(key, 1, nx=True, px=max(1, round(seconds * _MS))))

    async def _call(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> object:
        async with asyncio.timeout(PATIENCE_S):
            return await self._scripts.call(script, keys, arguments)


@asynccontextmanager
async def opened(redis_url: str) -> AsyncGenerator[RedisStates]:
    """Open the states in a Redis for one event loop; the first use connects."""
    # The timeout is ours: with one of its own redis-py forgets cancellations.
    retry = Retry(NoBackoff(), 1)
    async with Redis.from_url(redis_url, socket_timeout=None, retry=retry) as redis:
        yield RedisStates(redis)


def _health(name: str) -> str:
    return f"health:{name}"


def _calls(name: str) -> str:
    return f"calls:{name}"
