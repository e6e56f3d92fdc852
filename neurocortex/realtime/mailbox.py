"""Where one client's answers arrive: a stream of its own, that nobody else reads."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Final
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import WireError
from neurocortex.realtime import answers, layout
from neurocortex.realtime.answers import Event
from neurocortex.realtime.tail import BEGINNING, Tail

KEEP_S: Final = 60
"""The answers to a client that is gone are deleted after so long."""

TIDY_EVERY_S: Final = 1.0
"""Between two deletions of answers that were read."""

logger = logging.getLogger(__name__)


class Mailbox:
    """That of one client."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        """Receive over a Redis; `make` it first."""
        self._redis = redis
        self.name: Final = uuid4().hex
        """What calls carry, so that the lane knows where to answer."""
        self._key = f"{namespace}:{layout.replies(self.name)}"
        self._tail = Tail(redis, self._key)

    async def make(self) -> None:
        """Make the stream, empty: the lane appends to one that is there only.

        Raises:
            RedisError: Redis does not answer.
        """
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xadd(self._key, {layout.FIELD: b""}, id="0-1")
            pipeline.xdel(self._key, "0-1")
            pipeline.expire(self._key, KEEP_S)
            await pipeline.execute()

    async def receive(self, hear: Callable[[bytes, Event], None], lost: Callable[[], None]) -> None:
        """Tell what comes, by the id of its call, for ever; and when Redis has lost all calls."""
        async with aclosing(self._tail.batches()) as batches:
            async for batch in batches:
                if batch is None:
                    await self._after_a_loss(lost)
                for content in batch or ():
                    try:
                        hear(*answers.decode(content))
                    except WireError as error:
                        logger.error("An answer is dropped: %s", error)

    async def tidy(self, lost: Callable[[], None]) -> None:
        """Delete what was read, and keep the rest from ending, for ever.

        After a sleep of the machine the stream may have ended: it is made anew, and `lost` told.
        """
        while not is_cancelled():
            await asyncio.sleep(TIDY_EVERY_S)
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    pipeline.xtrim(self._key, minid=self._tail.position, approximate=True)
                    pipeline.expire(self._key, KEEP_S)
                    _, is_there = await pipeline.execute()
                if not is_there:
                    await self._after_a_loss(lost)
            except (RedisError, OSError) as error:
                logger.debug("Answers are trimmed later: %s", error)

    async def remove(self) -> None:
        """Delete the stream; one that cannot be deleted now ends by itself."""
        try:
            await self._redis.delete(self._key)
        except (RedisError, OSError) as error:
            logger.debug("Answers are left to end by themselves: %s", error)

    async def _after_a_loss(self, lost: Callable[[], None]) -> None:
        """Tell from our own stream whether Redis kept its data, and the calls with it."""
        try:
            if not await self._redis.exists(self._key):
                self._tail.position = BEGINNING
                await self.make()
                lost()
        except (RedisError, OSError):
            logger.debug("Redis is gone again; the next read tells.")
