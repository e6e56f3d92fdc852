"""What to bring up to the memory before it is asked for: what usually follows what was asked.

A graph of successors, learned from the reads that the memory could not answer, or only because of
this. Griffioen and Appleton, "Reducing file system latency using a predictive approach" (1994).
It measures how much of what it brought was used, and rests when that is too little.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from neurocortex.cache.keys import Key

MOST_KEYS: Final = 10_000
"""Whose successors are known; those used longest ago are forgotten. About 5 MB."""

MOST_SUCCESSORS: Final = 4
"""Of a key. A new one takes the place of the rarest."""

SEEN: Final = 2
LIKELY: Final = 0.5
"""A successor is brought up if it came so often, and after such a share of its key's reads."""

RECENT: Final = 32
"""Reads of a key after which its counts are halved: the newer ones weigh more."""

MOST_PENDING: Final = 1000
"""Brought up and not used yet; more are taken for unused."""

TRIED: Final = 100
WORTH: Final = 0.4
"""If less than this share of so many was used, it rests: what nobody wants drives others out."""

REST: Final = 10_000
"""Reads until it tries again."""

last_asked: ContextVar[Key | None] = ContextVar("last_asked", default=None)
"""What the same task asked for before: tasks that take turns do not mix up the order.

Who carries out a task's call in another task brings it back: a task sees no change of another's.
"""


class Followers:
    """What came after one key, and how often."""

    __slots__ = ("_counts", "_reads")

    def __init__(self) -> None:
        self._counts: dict[Key, int] = {}
        self._reads = 0

    def add(self, key: Key) -> None:
        """Count one more."""
        counts = self._counts
        if key not in counts and len(counts) == MOST_SUCCESSORS:
            del counts[min(counts, key=counts.__getitem__)]
        counts[key] = counts.get(key, 0) + 1
        self._reads += 1
        if self._reads == RECENT:
            self._reads //= 2
            self._counts = {each: count // 2 for each, count in counts.items() if count > 1}

    def likely(self) -> Iterator[Key]:
        """Yield those that come often enough to be worth bringing."""
        least = max(SEEN, LIKELY * self._reads)
        return (key for key, count in self._counts.items() if count >= least)


class Prefetcher:
    """Decides; whoever asks it brings the entries, and never computes one."""

    def __init__(self) -> None:
        self._followers: OrderedDict[Key, Followers] = OrderedDict()
        self.pending: OrderedDict[str, None] = OrderedDict()
        """Texts of the keys that were brought up and not used yet."""
        self.brought = 0
        self.used = 0
        """Of those, in all."""
        self._brought_lately = self._used_lately = 0
        self._rests = 0

    def asked(self, key: Key, *, hit: bool) -> list[Key]:
        """Return what is likely to be asked for after a key.

        Args:
            key: was asked for: the memory had not got it, or only because it was pending.
            hit: the memory had it.
        """
        if key.text in self.pending:
            del self.pending[key.text]
            self.used += hit
            self._used_lately += hit
        previous = last_asked.get()
        last_asked.set(key)
        if previous is not None and previous != key:
            self._learn(previous, key)
        if self._rests:
            self._rests -= 1
            return []
        followers = self._followers.get(key)
        return [*followers.likely()] if followers else []

    def bring(self, key: Key) -> None:
        """Take note that a key was brought up."""
        self.pending[key.text] = None
        if len(self.pending) > MOST_PENDING:
            self.pending.popitem(last=False)
        self.brought += 1
        self._brought_lately += 1
        if self._brought_lately == TRIED:
            self._rests = REST if self._used_lately < WORTH * TRIED else 0
            self._brought_lately = self._used_lately = 0

    def _learn(self, previous: Key, key: Key) -> None:
        followers = self._followers.get(previous)
        if followers is None:
            followers = self._followers[previous] = Followers()
            if len(self._followers) > MOST_KEYS:
                self._followers.popitem(last=False)
        else:
            self._followers.move_to_end(previous)
        followers.add(key)
