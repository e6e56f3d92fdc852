"""What the disk still had and Redis had lost goes back to Redis: many entries in one round trip.

Redis forgets sooner than the disk, and all at once where it had to make room. Then each read of the
disk brings an entry back; one call for each would open a connection for each.
"""

import asyncio
from functools import partial
from typing import Final

from neurocortex.cache.guarded import GuardedLevel
from neurocortex.cache.keys import Key
from neurocortex.cache.memory import OVERHEAD
from neurocortex.cache.redis_level import RedisLevel
from neurocortex.cache.values import Aged

MOST_BYTES: Final = 16 * 2**20
"""Waiting; more is not brought back, and read from the disk another time."""

BATCH: Final = 64
BATCH_BYTES: Final = 2**20
"""In one round trip, which has to end within the soft timeout of Redis."""


class WriteBack:
    """One batch at a time; what comes meanwhile is the next."""

    def __init__(self, level: RedisLevel, guard: GuardedLevel) -> None:
        """Write to `level`, which `guard` stands before."""
        self._level = level
        self._guard = guard
        self._waiting: dict[Key, Aged] = {}
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None

    def add(self, key: Key, aged: Aged) -> None:
        """Write an entry soon."""
        if key in self._waiting or (self._waiting and self._bytes + _size(aged) > MOST_BYTES):
            return
        self._waiting[key] = aged
        self._bytes += _size(aged)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="cache writes back")

    async def settled(self) -> None:
        """Wait until all is written."""
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            await self._guard.carry_out(partial(self._level.put_all, batch))

    def _next_batch(self) -> list[tuple[Key, Aged]]:
        batch: list[tuple[Key, Aged]] = []
        size = 0
        for key, aged in self._waiting.items():
            size += _size(aged)
            if batch and (size > BATCH_BYTES or len(batch) == BATCH):
                break
            batch.append((key, aged))
        for key, aged in batch:
            del self._waiting[key]
            self._bytes -= _size(aged)
        return batch


def _size(aged: Aged) -> int:
    return len(aged.entry.body) + OVERHEAD
