"""The states of endpoints in Redis, so that all processes agree."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neurocortex.balancing import scripts
from neurocortex.balancing.counting import EJECTIONS, Ended
from neurocortex.balancing.health import Health
from neurocortex.balancing.retry_budget import MOST, PER_S, RESERVE, RETRY, Need
from neurocortex.balancing.states import Look, State
from neurocortex.lua import LuaScripts

NAMESPACE: Final = "neurocortex:balancing"

PATIENCE_S: Final = 1.0
"""A Redis that does not answer by then counts as gone: a call of an LLM must not wait for it."""

LEASE_MS: Final = 120_000
"""A call of a process that died counts so long; a longer one counts no more after it."""

KEPT_MS: Final = 3_600_000
"""What was an hour ago says nothing about an endpoint."""

COUNTS_KEPT_MS: Final = 7 * 24 * 3_600_000
"""Counts of an endpoint that nobody calls any more."""

ENDPOINTS: Final = "endpoints"

_MS: Final = 1000


class Endpoint(BaseModel):
    """What an endpoint's name stands for."""

    model_config = ConfigDict(frozen=True)

    providers: tuple[str, ...]
    """Names of the LLM Provider blocks that have it."""
    base_url: str
    model: str


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

    async def end(self, name: str, call: str, ended: Ended | None = None) -> None:
        """Count it no more, but what it came to."""
        names = ended.names() if ended else ()
        seconds = repr(ended.began_s) if ended and ended.began_s is not None else ""
        arguments: list[str | int] = [call, COUNTS_KEPT_MS, seconds, *names]
        await self._call(scripts.END, [_calls(name), _counts(name)], arguments)

    async def change(self, name: str, before: State, after: Health) -> bool:
        """Write a health that nobody has changed meanwhile; an ejection is counted."""
        is_ejected = after.ejected_at > before.health.ejected_at
        written: list[str | int] = [before.text, after.model_dump_json(), KEPT_MS]
        counted: list[str | int] = [COUNTS_KEPT_MS, EJECTIONS if is_ejected else ""]
        keys = [_health(name), _counts(name)]
        return bool(await self._call(scripts.CHANGE, keys, [*written, *counted]))

    async def may_retry(self, model: str, calls: int, share: float, need: Need = RETRY) -> bool:
        """Take a further attempt out of the budget of retries that all processes share."""
        if not share:
            return False
        added = repr(share * calls)
        rules: list[str | int] = [repr(RESERVE), repr(PER_S), repr(MOST), KEPT_MS]
        wanted = [repr(need.takes), repr(need.leaves)]
        return bool(await self._call(scripts.RETRY, [f"retries:{model}"], [added, *rules, *wanted]))

    async def name_endpoints(self, named: Mapping[str, Endpoint]) -> None:
        """Say what endpoints' names stand for, in place of what was said before."""
        key = self._scripts.key(ENDPOINTS)
        lines = {name: each.model_dump_json() for name, each in named.items()}
        async with asyncio.timeout(PATIENCE_S), self._redis.pipeline() as steps:
            steps.delete(key)
            if lines:
                steps.hset(key, items=[part for line in lines.items() for part in line])
                steps.pexpire(key, COUNTS_KEPT_MS)
            await steps.execute()

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


def _counts(name: str) -> str:
    return f"counts:{name}"
