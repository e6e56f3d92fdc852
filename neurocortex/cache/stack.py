"""The levels in their order: read until one has it, fill the faster ones, write to all."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import NamedTuple

from neurocortex.cache.backplane import Backplane
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.guarded import GuardedLevel
from neurocortex.cache.keys import Key
from neurocortex.cache.marks import Marks
from neurocortex.cache.memory import MemoryLevel
from neurocortex.cache.values import Aged, Announced, Entry, Invalidation, LevelStats
from neurocortex.errors import CacheUnavailableError

_log = logging.getLogger(__name__)


class Located(NamedTuple):
    """An entry and the level that had it."""

    aged: Aged
    level: str


class Stack:
    """All levels of one process."""

    def __init__(
        self,
        memory: MemoryLevel,
        redis: GuardedLevel,
        disk: GuardedLevel,
        marks: Marks,
        backplane: Backplane,
        breaker: Breaker,
    ) -> None:
        """Read `memory`, then `redis`, then `disk`; `breaker` stands before Redis."""
        self.marks = marks
        self._memory = memory
        self._redis = redis
        self._disk = disk
        self._backplane = backplane
        self._breaker = breaker
        self._hits = self._misses = self._fills = self._evicted_bytes = 0
        self._asking: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()

    async def in_step(self) -> None:
        """Ask for invalidations if some may have been missed: once, however many wait for it.

        Where Redis does not answer this instance goes on with what it knows.
        """
        if not self._backplane.behind:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="cache catches up")
        await asyncio.shield(self._asking)

    async def catch_up(self) -> None:
        """Learn all invalidations so far, from whichever instance.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        await self._breaker.call(self._backplane.catch_up)

    def recall(self, key: Key) -> Located | None:
        """Return an entry of the memory that may be used, fresh or stale."""
        aged = self._memory.read(key)
        if aged is not None and self.marks.allow(key, aged.entry):
            self._hits += 1
            return Located(aged, self._memory.name)
        if aged is not None:
            self._memory.forget(key)
        self._misses += 1
        return None

    async def find(self, key: Key) -> Located | None:
        """Return an entry of the lower levels: a fresh one, else the newest stale one."""
        shared = await self.shared(key)
        if shared is not None and shared.aged.is_fresh:
            self.remember(key, shared.aged)
            return shared
        if self.marks.epoch == 0:
            # Invalidations were never asked for, so what the disk kept from before is not safe.
            return shared
        aged = await self._disk.get(key)
        found = shared
        if aged is not None and (shared is None or shared.aged.entry.token < aged.entry.token):
            found = Located(aged, self._disk.name)
            if aged.is_fresh:
                self._in_background(self._redis.put(key, *aged))
        if found is not None:
            self.remember(key, found.aged)
        return found

    async def shared(self, key: Key) -> Located | None:
        """Return an entry of the level that all processes share."""
        aged = await self._redis.get(key)
        return Located(aged, self._redis.name) if aged is not None else None

    def remember(self, key: Key, aged: Aged) -> None:
        """Keep an entry in the memory, unless it ended meanwhile."""
        if not self.marks.allow(key, aged.entry):
            return
        evicted = self._memory.write(key, *aged)
        if evicted is not None:
            self._fills += 1
            self._evicted_bytes += evicted

    async def store(self, key: Key, entry: Entry) -> None:
        """Keep a new entry on every level; the disk's copy is written in the background."""
        if entry.ttl_s <= 0:
            return
        self.remember(key, Aged(entry, 0.0))
        self._in_background(self._disk.put(key, entry, 0.0))
        await self._redis.put(key, entry, 0.0)

    async def drop(self, key: Key) -> None:
        """Forget an entry on every level that answers."""
        self._memory.forget(key)
        await self._redis.drop(key)
        await self._disk.drop(key)

    async def invalidate(self, target: Invalidation) -> Announced:
        """End what is named on every instance; on this one alone for as long as Redis is away."""
        try:
            return await self._breaker.call(lambda: self._backplane.invalidate(target))
        except CacheUnavailableError as error:
            _log.warning("%s is invalidated here, elsewhere when Redis is back: %s", target, error)
            return self._backplane.invalidate_here(target)

    def stats(self) -> Mapping[str, LevelStats]:
        """Return what each level did so far, by its name."""
        memory = LevelStats(
            self._hits, self._misses, self._fills, evicted_bytes=self._evicted_bytes
        )
        lower = (self._redis, self._disk)
        return {self._memory.name: memory} | {level.name: level.stats for level in lower}

    async def settled(self) -> None:
        """Wait until what is written in the background is written."""
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    async def _ask(self) -> None:
        with suppress(CacheUnavailableError):
            await self.catch_up()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
