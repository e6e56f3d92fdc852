"""A level behind its circuit breaker: it is counted, and can neither fail nor delay a caller."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from neurocortex.cache.breaker import Breaker, BreakerOpenError
from neurocortex.cache.durations import Durations
from neurocortex.cache.keys import Key
from neurocortex.cache.levels import Level
from neurocortex.cache.marks import Marks
from neurocortex.cache.values import Aged, Entry, LevelStats
from neurocortex.errors import CacheUnavailableError, CorruptEntryError

_log = logging.getLogger(__name__)


class GuardedLevel:
    """What cannot be read is a miss; what cannot be written is not there."""

    def __init__(self, level: Level, breaker: Breaker, marks: Marks) -> None:
        """Stand before a level; entries that `marks` has ended are misses."""
        self.name = level.name
        self._level = level
        self._breaker = breaker
        self._marks = marks
        self._hits = self._misses = self._fills = 0
        self._skipped = self._failures = self._evicted_bytes = 0
        self._durations = Durations()

    @property
    def stats(self) -> LevelStats:
        """What it did so far."""
        return LevelStats(
            self._hits,
            self._misses,
            self._fills,
            self._skipped,
            self._failures,
            self._evicted_bytes,
            reads=tuple(self._durations.counts),
            read_s=self._durations.sum_s,
        )

    async def get(self, key: Key) -> Aged | None:
        """Return an entry that may be used, fresh or stale."""
        began = time.perf_counter()
        try:
            found = await self._breaker.watch(lambda: self._level.get(key))
            self._durations.add(time.perf_counter() - began)
        except CorruptEntryError as error:
            _log.warning(
                "Computed again, as what the %s level holds is no entry: %s", self.name, error
            )
            await self.drop(key)
            found = None
        except CacheUnavailableError as error:
            self._count(error)
            return None
        if found is None or not self._marks.allow(key, found.entry):
            self._misses += 1
            return None
        self._hits += 1
        return found

    async def look(self, key: Key) -> Aged | None:
        """Return what is there, whether it may be used or not; it counts as no read.

        Raises:
            CacheUnavailableError: the level does not answer.
            CorruptEntryError: what is there is no entry.
        """
        return await self._breaker.call(lambda: self._level.get(key))

    async def put(self, key: Key, entry: Entry, age_s: float) -> None:
        """Keep an entry, if that can be done now and nothing has ended it."""

        async def write() -> list[int | None]:
            # Looked at last, so that nothing gets in behind a `clear`.
            if not self._marks.allow(key, entry):
                return []
            return [await self._level.put(key, entry, age_s)]

        await self.carry_out(write)

    async def carry_out(self, write: Callable[[], Awaitable[Sequence[int | None]]]) -> None:
        """Write something to the level, if that can be done now: gives what `Level.put` does, for
        each entry."""
        try:
            outcomes = await self._breaker.call(write)
        except CacheUnavailableError as error:
            self._count(error)
            return
        stored = [evicted for evicted in outcomes if evicted is not None]
        self._fills += len(stored)
        self._evicted_bytes += sum(stored)

    async def drop(self, key: Key) -> None:
        """Forget an entry, if that can be done now; its mark has ended it anyhow."""
        try:
            await self._breaker.call(lambda: self._level.drop(key))
        except CacheUnavailableError as error:
            self._count(error)

    async def clear(self, tenant: str) -> None:
        """Forget all entries of a tenant, however long that takes.

        Raises:
            CacheUnavailableError: the level does not answer; some may still be there.
        """
        await self._breaker.watch(lambda: self._level.clear(tenant))

    def _count(self, error: CacheUnavailableError) -> None:
        if isinstance(error, BreakerOpenError):
            self._skipped += 1
            return
        self._failures += 1
        # Its text: the error itself would keep the connection that it came from.
        _log.warning("The %s level is passed over: %s", self.name, str(error))
