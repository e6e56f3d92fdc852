"""The Redis that gateways share, behind a circuit breaker: whoever calls goes on without it."""

import logging
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis

from neurocortex.cache.breaker import Breaker
from neurocortex.cache.client import reached
from neurocortex.errors import CacheUnavailableError
from neurocortex.lua import LuaScripts

NAMESPACE: Final = "neurocortex:security"
"""What all keys start with, unless told otherwise."""

SOFT_TIMEOUT_S: Final = 0.5
"""A request waits for the answer, which takes less than a millisecond on an idle machine."""

_log = logging.getLogger(__name__)


class Remote:
    """Calls scripts; says once that Redis is gone, and once that it is back."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Call over a client with `decode_responses=False`."""
        self._scripts = LuaScripts(redis, namespace)
        self._breaker = Breaker("redis", SOFT_TIMEOUT_S)
        self._is_away = False

    async def call(
        self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes | int]
    ) -> object:
        """Run a script and return its answer; `keys` are without their namespace.

        Raises:
            CacheUnavailableError: Redis does not answer in time, or did not a moment ago.
        """

        async def run() -> object:
            with reached():
                return await self._scripts.call(script, keys, arguments)

        try:
            answer = await self._breaker.call(run)
        except CacheUnavailableError as error:
            if not self._is_away:
                self._is_away = True
                _log.warning("Lock-out and rates are kept by each gateway for itself: %s", error)
            raise
        if self._is_away:
            self._is_away = False
            _log.warning("Lock-out and rates are shared by all gateways again.")
        return answer

    async def close(self) -> None:
        """Wait a moment for calls that are late."""
        await self._breaker.close()
