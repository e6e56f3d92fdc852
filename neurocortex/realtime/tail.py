"""Following a Redis Stream: what is appended to it, in order, each entry once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.realtime import entries
from neurocortex.redis_line import RedisLine

BLOCK_MS: Final = 1000
"""An idle read ends after that, so that a silent connection is noticed."""

PATIENCE_S: Final = 5.0
"""A Redis that has not answered a read by then counts as gone."""

AT_ONCE: Final = 512
"""Entries of one read: a burst is read in one round trip."""

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 0.5
"""Between attempts to reach Redis: doubled from the first to the longest."""

BEGINNING: Final = b"0-0"

logger = logging.getLogger(__name__)


class Tail:
    """A reader of one stream. It reads on where it was when Redis was away."""

    def __init__(self, redis: Redis, key: str, *, after: bytes = BEGINNING) -> None:
        """Follow the stream of a whole key, from behind an entry id."""
        self._line = RedisLine(redis, PATIENCE_S)
        self._key = key
        self.position = after
        """Id of the last entry read."""

    async def batches(self) -> AsyncGenerator[Sequence[bytes] | None]:
        """Yield what came, at once; None when Redis is there again after it did not answer.

        Never ends and never fails. Close it with `contextlib.aclosing`.
        """
        pause, is_lost = FIRST_PAUSE_S, False
        while not is_cancelled():
            try:
                found = await self._read()
            except (RedisError, OSError) as error:
                if not is_lost:
                    logger.warning("Redis does not answer; trying until it does again: %s", error)
                is_lost = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            if is_lost:
                pause, is_lost = FIRST_PAUSE_S, False
                yield None
            if found:
                yield found

    async def _read(self) -> list[bytes]:
        (answer,) = await self._line.say(
            [("XREAD", "COUNT", AT_ONCE, "BLOCK", BLOCK_MS, "STREAMS", self._key, self.position)]
        )
        found = entries.read(answer)
        if found:
            self.position = found[-1].id
        return [entry.content for entry in found]
