"""Wake-up calls: who submits a run tells the workers, so that none waits for its next poll.

Redis publish and subscribe: a call reaches those who listen at that moment and is not kept. Polling
finds what it missed.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import redis
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import LedgerUnavailableError
from neurocortex.ledger.client import NAMESPACE, reached

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
"""Between two attempts to reach Redis: doubled from the first to the longest. Who listens again
looks for what was missed, so that a call nobody heard waits for no longer than this."""

QUIET_S: Final = 10.0
"""After so long without a call the connection is tried, as a broken one is silent too."""


def announce(redis_url: str, pool: str, namespace: str = NAMESPACE) -> None:
    """Tell all workers that a run waits in a work pool; for programs without an event loop.

    Raises:
        LedgerUnavailableError: Redis does not answer.
    """
    with reached(), redis.Redis.from_url(redis_url) as client:
        client.publish(_channel(namespace), pool)


def _channel(namespace: str) -> str:
    return f"{namespace}:wake"


class Wakes:
    """Calls within one namespace."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Call over a Redis: see `Ledger`."""
        self._redis = redis
        self._channel = _channel(namespace)

    async def announce(self, pool: str) -> None:
        """Tell all workers that a run waits in a work pool.

        Raises:
            LedgerUnavailableError: Redis does not answer.
        """
        with reached():
            await self._redis.publish(self._channel, pool)

    async def listen(self) -> AsyncGenerator[str | None]:
        """Yield the pool of each call; None whenever calls may have been missed: on connecting.

        Never ends and never fails: it connects again for as long as it is asked. Close it with
        `contextlib.aclosing`.
        """
        pause = FIRST_PAUSE_S
        while not is_cancelled():
            try:
                async with aclosing(self._connected()) as calls:
                    async for pool in calls:
                        pause = FIRST_PAUSE_S
                        yield pool
            except LedgerUnavailableError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _connected(self) -> AsyncGenerator[str | None]:
        async with self._redis.pubsub() as subscription:
            with reached():
                await subscription.subscribe(self._channel)
            while not is_cancelled():
                with reached():
                    call = await _next(subscription)
                yield call


async def _next(subscription: PubSub) -> str | None:
    tried = False
    while not is_cancelled():
        message = await subscription.get_message(timeout=QUIET_S)
        if message is None:
            if tried:
                raise RedisConnectionError("The connection is silent.")
            await subscription.ping()
            tried = True
        elif message["type"] == "message":
            return str(message["data"])
        elif message["type"] == "subscribe":  # now, or again after redis-py reconnected by itself
            return None
        else:
            tried = False
    raise asyncio.CancelledError
