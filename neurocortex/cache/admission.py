"""Which entries to keep when there is no room for all: W-TinyLFU with an adaptive window.

New entries come into a small window (LRU). One that falls out of it enters the main part (LRU in
two segments) only if it was asked for more often than the one it would drive out. The window
grows and shrinks towards the better hit ratio by hill climbing. Einziger, Eytan, Friedman and
Manes, "Adaptive software cache management" (2018); Caffeine has the reference implementation.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from neurocortex.cache.sketch import FrequencySketch

WINDOW: Final = 0.07
"""Share of the window at the start. Caffeine has .01, from where the climber takes long: on web07
.07 finds .05 more of 100, and on a loop 1 less."""

PROTECTED: Final = 0.8
"""Share of the main part for entries that were asked for again."""

WIDEST: Final = 0.8
"""Share of the window, at most."""

REQUESTS: Final = 10
FEWEST: Final = 100
"""The climber takes a step after so many requests for each entry that is kept, and never after
fewer than those for so many entries: below, the ratio is chance."""

BUFFERED: Final = 64
"""Hits that are counted together: that takes half the time, and only one in so many waits for it.
Caffeine does the same."""

STEP: Final = 0.0625
"""Of the capacity: the climber's first step. Each next is a little shorter, until it settles."""
STEP_DECAY: Final = 0.98
RESTART: Final = 0.05
"""A change of the hit ratio by so much means other traffic: it takes long steps again."""


class Segment(OrderedDict[str, int]):
    """Keys with their weights, the one used longest ago first."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = 0

    def append(self, key: str, weight: int) -> None:
        self[key] = weight
        self.weight += weight

    def take(self, key: str) -> int:
        weight = self.pop(key)
        self.weight -= weight
        return weight

    def oldest(self) -> str:
        return next(iter(self))


class TinyLfu:
    """Decides; holds keys and weights, no values."""

    def __init__(self, capacity: int, driven_out: Callable[[str, int], None] | None = None) -> None:
        """Let the weights together be at most `capacity`, in whatever unit they are.

        `driven_out` is told of each key that had to make room, and its weight.
        """
        self.capacity = capacity
        """May be changed before an `add`."""
        self._driven_out = driven_out
        self._sketch = FrequencySketch(16)
        self._window = Segment()
        self._probation = Segment()
        self._protected = Segment()
        self._segment_of: dict[str, Segment] = {}
        self._window_share = WINDOW
        self._climber = Climber()
        self._hits: list[str] = []

    @property
    def weight(self) -> int:
        """Of all that is kept."""
        return self._window.weight + self._probation.weight + self._protected.weight

    def request(self, key: str) -> bool:
        """Count a request for a key, and return whether it is kept."""
        if key in self._segment_of:
            self.hit(key)
            return True
        self.miss(key)
        return False

    def hit(self, key: str) -> None:
        """Count a request for a key that is kept."""
        hits = self._hits
        hits.append(key)
        if len(hits) == BUFFERED:
            self._count_hits()

    def miss(self, key: str) -> None:
        """Count a request for a key that is not kept."""
        self._count_hits()
        self._sketch.record((key,))
        self._climber.requests += 1

    def add(self, key: str, weight: int) -> list[str]:
        """Take a new key in, or one with a new weight; return what is no longer kept.

        That may be the key itself: it is larger than all, or the others are worth more.
        """
        self._count_hits()
        self.remove(key)
        if weight > self.capacity:
            return [key]
        self._window.append(key, weight)
        self._segment_of[key] = self._window
        if len(self._segment_of) > self._sketch.entries:
            self._grow_sketch()
        return self._make_room()

    def shrink(self, capacity: int) -> list[str]:
        """Keep no more than a new capacity allows; return what is no longer kept."""
        self._count_hits()
        self.capacity = capacity
        return self._make_room()

    def remove(self, key: str) -> None:
        """Forget a key, if it is kept."""
        segment = self._segment_of.pop(key, None)
        if segment is not None:
            segment.take(key)

    def _count_hits(self) -> None:
        """Do what hits change, for some at once: before anything depends on it."""
        hits = self._hits
        if not hits:
            return
        self._sketch.record(hits)
        segment_of, probation = self._segment_of, self._probation
        for key in hits:
            segment = segment_of.get(key)
            if segment is probation:
                self._move(key, self._protected)
                self._demote()
            elif segment is not None:
                segment.move_to_end(key)
        climber = self._climber
        climber.hits += len(hits)
        climber.requests += len(hits)
        hits.clear()
        if climber.requests >= climber.due:
            self._climb()

    def _make_room(self) -> list[str]:
        candidates = []
        while self._window.weight > self._window_limit() and len(self._window) > 1:
            candidates.append(self._window.oldest())
            self._move(candidates[-1], self._probation)
        evicted: list[str] = []
        while self.weight > self.capacity:
            victim = self._victim()
            if candidates and candidates[0] != victim:
                candidate = candidates[0]
                if self._sketch.estimate(candidate) <= self._sketch.estimate(victim):
                    victim = candidates.pop(0)
            elif candidates:
                candidates.pop(0)
            weight = self._segment_of.pop(victim).take(victim)
            if self._driven_out is not None:
                self._driven_out(victim, weight)
            evicted.append(victim)
        return evicted

    def _victim(self) -> str:
        for segment in (self._probation, self._protected, self._window):
            if segment:
                return segment.oldest()
        raise AssertionError("weight without entries")

    def _move(self, key: str, to: Segment) -> None:
        to.append(key, self._segment_of[key].take(key))
        self._segment_of[key] = to

    def _window_limit(self) -> float:
        return max(self.capacity * self._window_share, 1)

    def _protected_limit(self) -> float:
        return (self.capacity - self._window_limit()) * PROTECTED

    def _grow_sketch(self) -> None:
        """Start counting anew with more counters: what is kept was asked for at least once."""
        self._sketch = FrequencySketch(self._sketch.entries * 2)
        self._sketch.record(self._segment_of)

    def _demote(self) -> None:
        while self._protected.weight > self._protected_limit():
            self._move(self._protected.oldest(), self._probation)

    def _climb(self) -> None:
        climber = self._climber
        climber.due = REQUESTS * max(len(self._segment_of), FEWEST)
        if climber.requests >= climber.due:  # not if there are more entries than at the last look
            share = self._window_share + climber.step()
            self._window_share = min(max(share, 0.0), WIDEST)
            self._demote()


class Climber:
    """Goes on in the direction that made the hit ratio better, turns round when it got worse."""

    __slots__ = ("_last_ratio", "_next_step", "due", "hits", "requests")

    def __init__(self) -> None:
        self.hits = 0
        self.requests = 0
        """Since the last step, and of them hits."""
        self.due = REQUESTS * FEWEST
        """Requests until the next look whether it is time for one."""
        self._last_ratio = 0.0
        self._next_step = STEP

    def step(self) -> float:
        """Return what to add to the window's share."""
        ratio = self.hits / self.requests
        change = ratio - self._last_ratio
        step = self._next_step if change >= 0 else -self._next_step
        long = STEP if step >= 0 else -STEP
        self._next_step = long if abs(change) >= RESTART else step * STEP_DECAY
        self._last_ratio = ratio
        self.hits = self.requests = 0
        return step
