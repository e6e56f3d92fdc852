"""News of requests: each process hears of every change, and wakes those who wait for it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled

PAUSE_S: Final = 0.5
"""Before an unreachable Redis is tried again."""

QUIET_S: Final = 10.0
"""After so long without news the connection is tried, as a broken one is silent too."""

logger = logging.getLogger(__name__)


class Changes:
    """Redis publish and subscribe: who was not connected missed what was said meanwhile, so all
    who wait are woken whenever a connection is made, and look for themselves."""

    def __init__(self, redis: Redis, channel: str) -> None:
        """Listen to a channel on which the ids of changed requests are published."""
        self._redis = redis
        self._channel = channel
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def of(self, id_: UUID) -> Generator[asyncio.Event]:
        """Give an event that is set whenever a request may have changed."""
        event = asyncio.Event()
        self._waiting[id_].add(event)
        try:
            yield event
        finally:
            self._waiting[id_].discard(event)
            if not self._waiting[id_]:
                del self._waiting[id_]

    async def listen(self) -> None:
        """Listen until cancelled, and connect again for as long as that takes."""
        while not is_cancelled():
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                logger.warning("News of requests come late, Redis does not answer: %s", error)
                await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(self._channel)
            self._wake_all()
            while not is_cancelled():
                message = await subscription.get_message(timeout=QUIET_S)
                if message is None:
                    await subscription.ping()
                elif message["type"] == "subscribe":  # it was connected again by itself
                    self._wake_all()
                elif message["type"] == "message":
                    self._wake(message["data"])

    def _wake(self, data: bytes | str) -> None:
        with suppress(ValueError):  # whoever else publishes there, it is no news of a request
            text = data.decode() if isinstance(data, bytes) else data
            for event in self._waiting.get(UUID(text), ()):
                event.set()

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for event in events:
                event.set()
