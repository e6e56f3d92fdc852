"""Level 1: this process's memory. Bounded in bytes; what is worth keeping stays (W-TinyLFU)."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from neurocortex.cache.keys import Key, prefix
from neurocortex.cache.shares import MOST_PARTS, Shares
from neurocortex.cache.values import Aged, Entry

OVERHEAD: Final = 640
"""Bytes that an entry costs beyond its body: its objects, its places in three tables, its
counters. Measured with tracemalloc as 590 to 600 (`benchmarks cache`)."""


MEMORY: Final = "memory"


class _Kept(NamedTuple):
    entry: Entry
    made: float
    """When it was computed, by the monotonic clock: a jump of the wall clock changes no age."""
    until: float
    weight: int
    hit: Callable[[str], None]
    """Counts a request, where its namespace is counted."""


class MemoryLevel:
    """Values are kept as bytes, so that no caller can change what another one reads.

    Its calls take microseconds and wait for nothing; `read` and `write` are `get` and `put`
    without the detour of a coroutine. For one event loop, not for several threads.
    """

    name = MEMORY

    def __init__(
        self,
        max_bytes: int,
        max_s: float,
        clock: Callable[[], float] = time.monotonic,
        most_parts: int = MOST_PARTS,
    ) -> None:
        """Hold at most so many bytes, each entry at most `max_s` seconds.

        At most so many namespaces have a share of their own; 1: all compete for the same.
        """
        self.max_s = max_s
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._shares = Shares(max_bytes, most_parts)

    @property
    def bytes(self) -> int:
        """What all entries take."""
        return self._shares.weight

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        """Whether an entry is there; not counted as a request."""
        kept = self._kept.get(key.text)
        return kept is not None and self._clock() < kept.until

    def read(self, key: Key) -> Aged | None:
        """Return an entry that is not past its life, or None."""
        text = key.text
        kept = self._kept.get(text)
        if kept is None:
            self._shares.part(key.namespace).policy.miss(text)
            return None
        kept.hit(text)
        now = self._clock()
        if now >= kept.until:
            self.forget(key)
            return None
        return Aged(kept.entry, now - kept.made)

    async def look(self, key: Key) -> Aged | None:
        """Return what is there; it counts as no request."""
        kept = self._kept.get(key.text)
        return Aged(kept.entry, self._clock() - kept.made) if kept is not None else None

    def write(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """Keep an entry; see `Level.put`."""
        stays_s = min(entry.life_s - age_s, self.max_s)
        if stays_s <= 0:
            return None
        now = self._clock()
        weight = len(entry.body) + OVERHEAD
        hit = self._shares.part(key.namespace).hit
        self._kept[key.text] = _Kept(entry, now - age_s, now + stays_s, weight, hit)
        gone = self._shares.add(key.namespace, key.text, weight)
        evicted = [self._kept.pop(text) for text in gone]
        if key.text not in self._kept:
            return None
        return sum(kept.weight for kept in evicted)

    def forget(self, key: Key) -> None:
        """Drop an entry, if it is there."""
        if self._kept.pop(key.text, None) is not None:
            self._shares.remove(key.namespace, key.text)

    def forget_all(self, tenant: str) -> None:
        """Drop all entries of a tenant."""
        start = prefix(tenant)
        for text in [text for text in self._kept if text.startswith(start)]:
            del self._kept[text]
            self._shares.remove(text.split(":")[1], text)

    async def get(self, key: Key) -> Aged | None:
        """See `Level.get`."""
        return self.read(key)

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """See `Level.put`."""
        return self.write(key, entry, age_s)

    async def drop(self, key: Key) -> None:
        """See `Level.drop`."""
        self.forget(key)

    async def clear(self, tenant: str) -> None:
        """See `Level.clear`."""
        self.forget_all(tenant)
