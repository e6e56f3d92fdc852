"""Reads older than an invalidation that their instance knew of, in random traffic."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from benchmarks._cache_line import Line
from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key
from neurocortex.errors import CacheUnavailableError

KEYS: Final = 20
CUTS: Final = 0.002
"""Share of events that cut the line, and so many of those while it is cut that mend it: a cut
lasts about 50 events."""
MENDS: Final = 0.02


class Traffic:
    """Random reads, writes, invalidations and partitions, and what each instance must know."""

    def __init__(self, caches: Sequence[Cache], line: Line) -> None:
        """Use some instances; the last one is at the end of the line."""
        self._caches = caches
        self._far = len(caches) - 1
        self._line = line
        self._keys = [Key("acme", "traffic", str(number)) for number in range(KEYS)]
        self._truth = dict.fromkeys(self._keys, 0)
        self._told = dict(self._truth)
        """Values as of the last invalidation that reached Redis."""
        self._known = [dict(self._truth) for _ in caches]
        """As of the last that the instance knew of."""
        self._unsent: dict[Key, int] = {}
        self._pick = random.Random(1)
        self.reads = self.stale = self.partitions = 0

    async def run(self, events: int) -> None:
        """Let so many things happen."""
        for _ in range(events):
            self._partition()
            key, at = self._pick.choice(self._keys), self._pick.randrange(len(self._caches))
            if self._pick.random() < 0.7:
                await self._read(key, at)
            else:
                await self._change(key, at)

    def _partition(self) -> None:
        if self._line.is_cut:
            if self._pick.random() < MENDS:
                self._line.mend()
        elif self._pick.random() < CUTS:
            self._line.cut()
            self.partitions += 1

    async def _read(self, key: Key, at: int) -> None:
        cache = self._caches[at]
        try:
            await cache.catch_up()
        except CacheUnavailableError:
            pass  # it goes on with what it knows
        else:
            self._learn(at)
        found = await cache.get_or_compute(key, self._reader(key), tags=[key.digest])
        self.reads += 1
        self.stale += found.value < self._known[at][key]

    async def _change(self, key: Key, at: int) -> None:
        cache = self._caches[at]
        self._truth[key] += 1
        match self._pick.randrange(4):
            case 0:
                announced = await cache.invalidate(key)
            case 1:
                announced = await cache.invalidate_tag(key.tenant, key.digest)
            case 2:
                announced = await cache.invalidate_pattern(key.tenant, f"*:{key.digest}")
            case _:
                await cache.set(key, self._truth[key], tags=[key.digest])
                announced = await cache.invalidate_tag(key.tenant, f"written {key.digest}")
        self._known[at][key] = self._truth[key]
        if announced.delivered:
            self._told[key] = self._truth[key]
        else:
            self._unsent[key] = self._truth[key]

    def _learn(self, at: int) -> None:
        if at == self._far:
            for key, value in self._unsent.items():
                self._told[key] = max(self._told[key], value)
            self._unsent.clear()
        for key, value in self._told.items():
            self._known[at][key] = max(self._known[at][key], value)

    def _reader(self, key: Key) -> Callable[[], Awaitable[int]]:
        async def read() -> int:
            value = self._truth[key]
            await asyncio.sleep(0)
            return value

        return read
