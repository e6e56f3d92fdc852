"""Level 1: this process's memory. Bounded in bytes; what is worth keeping stays (W-TinyLFU)."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from neurocortex.cache.admission import TinyLfu
from neurocortex.cache.keys import Key
from neurocortex.cache.values import Aged, Entry

OVERHEAD: Final = 640
"""Bytes that an entry costs beyond its body: its objects, its places in three tables, its
counters. Measured with tracemalloc as 590 to 600 (`benchmarks cache`)."""


class _Kept(NamedTuple):
    entry: Entry
    made: float
    """When it was computed, by the monotonic clock: a jump of the wall clock changes no age."""
    until: float
    weight: int


class MemoryLevel:
    """Values are kept as bytes, so that no caller can change what another one reads.

    Its calls take microseconds and wait for nothing; `read` and `write` are `get` and `put`
    without the detour of a coroutine. For one event loop, not for several threads.
    """

    name = "memory"

    def __init__(
        self, max_bytes: int, max_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Hold at most so many bytes, each entry at most `max_s` seconds."""
        self.max_s = max_s
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._policy = TinyLfu(max_bytes)

    @property
    def bytes(self) -> int:
        """What all entries take."""
        return self._policy.weight

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, key: Key) -> Aged | None:
        """Return an entry that is not past its life, or None."""
        self._policy.request(key.text)
        kept = self._kept.get(key.text)
        if kept is None:
            return None
        now = self._clock()
        if now >= kept.until:
            self.forget(key)
            return None
        return Aged(kept.entry, now - kept.made)

    def write(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """Keep an entry; see `Level.put`."""
        stays_s = min(entry.life_s - age_s, self.max_s)
        if stays_s <= 0:
            return None
        now = self._clock()
        weight = len(entry.body) + OVERHEAD
        self._kept[key.text] = _Kept(entry, now - age_s, now + stays_s, weight)
        evicted = [self._kept.pop(text) for text in self._policy.add(key.text, weight)]
        if key.text not in self._kept:
            return None
        return sum(kept.weight for kept in evicted)

    def forget(self, key: Key) -> None:
        """Drop an entry, if it is there."""
        if self._kept.pop(key.text, None) is not None:
            self._policy.remove(key.text)

    async def get(self, key: Key) -> Aged | None:
        """See `Level.get`."""
        return self.read(key)

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """See `Level.put`."""
        return self.write(key, entry, age_s)

    async def drop(self, key: Key) -> None:
        """See `Level.drop`."""
        self.forget(key)
