"""The levels in their order: read until one has it, fill the faster ones, write to all."""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, NamedTuple
from weakref import WeakSet

from neurocortex.cache.backplane import Backplane
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.durations import Durations
from neurocortex.cache.guarded import GuardedLevel
from neurocortex.cache.keys import Key
from neurocortex.cache.marks import Marks
from neurocortex.cache.memory import MemoryLevel
from neurocortex.cache.prefetch import Prefetcher
from neurocortex.cache.values import Aged, Announced, Entry, Invalidation, LevelStats
from neurocortex.cache.write_back import WriteBack
from neurocortex.errors import CacheUnavailableError, ForkedCacheError

MOST_BACKGROUND: Final = 32
"""Nothing is brought up while so much is under way: it would come too late."""

TIMED: Final = 64
"""Of so many reads of the memory one is timed: they take microseconds."""

_log = logging.getLogger(__name__)

_open: WeakSet["Stack"] = WeakSet()
"""All of this process."""


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
        can_read: Callable[[bytes], bool],
        write_back: WriteBack,
        prefetcher: Prefetcher | None = None,
    ) -> None:
        """Read `memory`, then `redis`, then `disk`; `breaker` stands before Redis.

        What Redis or the disk has counts as absent unless this version `can_read` its body:
        another one may have written it. `write_back` brings to Redis what only the disk has. What
        `prefetcher` expects to be asked for next is brought up to the memory.
        """
        self.marks = marks
        self._memory = memory
        self._redis = redis
        self._disk = disk
        self._backplane = backplane
        self._breaker = breaker
        self._can_read = can_read
        self._write_back = write_back
        self._hits = self._misses = self._fills = self._evicted_bytes = 0
        self._durations = Durations()
        self._stale: Counter[str] = Counter()
        self._forked = False
        _open.add(self)
        self._prefetcher = prefetcher
        self._brought: Mapping[str, None] = prefetcher.pending if prefetcher else {}
        self._asking: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def behind(self) -> bool:
        """Whether invalidations may have been missed: call `in_step` before reading."""
        return self._backplane.behind

    async def in_step(self) -> None:
        """Ask for invalidations: once, however many wait for it.

        Where Redis does not answer this instance goes on with what it knows.
        """
        self._check_process()
        if not self.behind or self._breaker.is_open:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="cache catches up")
        await asyncio.shield(self._asking)

    async def catch_up(self) -> None:
        """Learn all invalidations so far, from whichever instance.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        self._check_process()
        await self._breaker.call(self._backplane.catch_up)

    def recall(self, key: Key) -> Aged | None:
        """Return an entry of the memory that may be used, fresh or stale."""
        if (self._hits + self._misses) % TIMED:
            return self._recall(key)
        began = time.perf_counter()
        aged = self._recall(key)
        self._durations.add(time.perf_counter() - began)
        return aged

    def _recall(self, key: Key) -> Aged | None:
        aged = self._memory.read(key)
        if aged is not None and self.marks.allow(key, aged.entry):
            self._hits += 1
            if key.text in self._brought:
                self._follow(key, hit=True)
            return aged
        if aged is not None:
            self._memory.forget(key)
        self._misses += 1
        self._follow(key, hit=False)
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
        aged = await self._read(self._disk, key)
        found = shared
        if aged is not None and (shared is None or shared.aged.entry.token < aged.entry.token):
            found = Located(aged, self._disk.name)
            if aged.is_fresh:
                self._write_back.add(key, aged)
        if found is not None:
            self.remember(key, found.aged)
        return found

    async def shared(self, key: Key) -> Located | None:
        """Return an entry of the level that all processes share."""
        aged = await self._read(self._redis, key)
        return Located(aged, self._redis.name) if aged is not None else None

    async def _read(self, level: GuardedLevel, key: Key) -> Aged | None:
        aged = await level.get(key)
        return aged if aged is not None and self._can_read(aged.entry.body) else None

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
        self._check_process()
        try:
            return await self._breaker.call(lambda: self._backplane.invalidate(target))
        except CacheUnavailableError as error:
            _log.warning("%s is invalidated here, elsewhere when Redis is back: %s", target, error)
            return self._backplane.invalidate_here(target)

    async def clear(self, tenant: str) -> Announced:
        """End all entries of a tenant, and leave nothing of them here and in Redis.

        Raises:
            CacheUnavailableError: Redis or the disk does not answer. What is there still is not
                served.
        """
        announced = await self.invalidate(Invalidation.of_tenant(tenant))
        for level in (self._redis, self._disk):
            await level.clear(tenant)
        return announced

    async def look(self, key: Key) -> list[Located]:
        """Return what each level has under a key, ended or not; it counts as no read.

        Raises:
            CacheUnavailableError: Redis or the disk does not answer.
            CorruptEntryError: what is there is no entry.
        """
        levels = (self._memory, self._redis, self._disk)
        found = [(level.name, await level.look(key)) for level in levels]
        return [Located(aged, name) for name, aged in found if aged is not None]

    def stats(self) -> Mapping[str, LevelStats]:
        """Return what each level did so far, by its name."""
        memory = LevelStats(
            self._hits,
            self._misses,
            self._fills,
            evicted_bytes=self._evicted_bytes,
            reads=tuple(self._durations.counts),
            read_s=self._durations.sum_s,
        )
        lower = (self._redis, self._disk)
        levels = {self._memory.name: memory} | {level.name: level.stats for level in lower}
        return {name: replace(each, stale=self._stale[name]) for name, each in levels.items()}

    @property
    def in_memory(self) -> int:
        """Bytes that the memory holds."""
        return self._memory.bytes

    def stood_in(self, level: str) -> None:
        """Count an entry past its time that was served."""
        self._stale[level] += 1

    async def settled(self) -> None:
        """Wait until what is written in the background is written."""
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)
        await self._write_back.settled()

    def _follow(self, key: Key, *, hit: bool) -> None:
        """Bring up what usually follows a key, in the background."""
        if self._prefetcher is None:
            return
        for each in self._prefetcher.asked(key, hit=hit):
            if len(self._background) < MOST_BACKGROUND and each not in self._memory:
                self._in_background(self._bring(self._prefetcher, each))

    async def _bring(self, prefetcher: Prefetcher, key: Key) -> None:
        if await self.find(key) is not None:
            prefetcher.bring(key)

    def disown(self) -> None:
        """Refuse every call from now on: this is a copy in a forked process."""
        self._forked = True
        self._backplane.behind = True

    def _check_process(self) -> None:
        if self._forked:
            raise ForkedCacheError

    async def _ask(self) -> None:
        with suppress(CacheUnavailableError):
            await self.catch_up()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _after_fork() -> None:
    """Keep a child off the sockets and the file of its parent."""
    for stack in _open:
        stack.disown()


os.register_at_fork(after_in_child=_after_fork)
