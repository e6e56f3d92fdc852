"""States in Redis while it answers, and this process's own while it does not."""

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from redis.exceptions import RedisError

from neurocortex.balancing.counting import Ended
from neurocortex.balancing.health import Health
from neurocortex.balancing.redis_states import RedisStates, opened
from neurocortex.balancing.retry_budget import RETRY, Need
from neurocortex.balancing.states import LocalStates, Look, State, States

AWAY_S: Final = 2.0
"""A Redis that did not answer is not asked again for so long: each call would wait for it."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class SharedStates:
    """Those of one process, for all its threads and event loops."""

    def __init__(self, redis_url: str | None) -> None:
        """Share them by a Redis; None: with nobody."""
        self._url = redis_url
        self.local = LocalStates()
        self._away_until = 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[States]:
        """Open them for one call: a connection of its own, because an LLM takes far longer."""
        if self._url is None or self._away_until > time.monotonic():
            yield self.local
            return
        async with opened(self._url) as states:
            yield _Either(states, self)

    def away(self, error: Exception) -> None:
        """Do without Redis for a while."""
        self._away_until = time.monotonic() + AWAY_S
        logger.warning("Endpoints are balanced by what this process knows: %s", error)


class _Either:
    """Redis until it fails once; calls in flight are counted here, too, to be known then."""

    def __init__(self, redis: RedisStates, shared: SharedStates) -> None:
        self._redis: RedisStates | None = redis
        self._begun = redis
        self._shared = shared
        self._local = shared.local

    async def look(self, names: Sequence[str]) -> Look:
        if self._redis is not None:
            look = await self._asked(self._redis.look(names))
            if look is not None:
                self._local.remember(look)
                return look
        return await self._local.look(names)

    async def begin(self, name: str, call: str, most: int | None) -> bool:
        if self._redis is not None:
            done = await self._asked(self._redis.begin(name, call, most))
            if done is not None:
                return done and await self._local.begin(name, call, None)
        return await self._local.begin(name, call, most)

    async def end(self, name: str, call: str, ended: Ended | None = None) -> None:
        await self._local.end(name, call)
        # Also after a failure: a Redis that is back would count the call until its lease ends.
        await self._asked(self._begun.end(name, call, ended))

    async def change(self, name: str, before: State, after: Health) -> bool:
        if self._redis is not None:
            done = await self._asked(self._redis.change(name, before, after))
            if done is not None:
                return done
        return await self._local.change(name, before, after)

    async def may_retry(self, model: str, calls: int, share: float, need: Need = RETRY) -> bool:
        if self._redis is not None:
            may = await self._asked(self._redis.may_retry(model, calls, share, need))
            if may is not None:
                await self._local.may_retry(model, calls, share, need)  # to be known later
                return may
        return await self._local.may_retry(model, calls, share, need)

    async def _asked(self, question: Awaitable[T]) -> T | None:
        try:
            return await question
        except (RedisError, OSError, TimeoutError) as error:
            self._redis = None
            self._shared.away(error)
            return None
