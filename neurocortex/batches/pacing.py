"""How many items of a batch are worked on at once: additive increase, multiplicative decrease.

Pure rules, as TCP paces itself (Chiu and Jain 1989; RFC 5681 for the start): it begins with few,
doubles until the first sign that it is too many, then adds a few and takes away a share. Signs are
the time per item, the latency of items, neighbours that do not answer, and little free memory.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final

FIRST: Final = 8
"""At once, while nothing is known."""

STEP: Final = 4
"""More at once after a round that went well."""

LOW_MB: Final = 128.0
"""Less free memory than this is little; below twice as much nothing is added."""

HALF: Final = 0.5
"""Share that is kept when memory is short or a neighbour fails: others need them, too."""

BACK_OFF: Final = 0.7
"""Share that is kept when items take longer."""

WORSE: Final = 1.3
"""So many times the best time per item is worse than noise explains."""

MANY: Final = 0.1
"""A larger share of items whose neighbour did not answer is too many."""


@dataclass(frozen=True, slots=True)
class Round:
    """What was measured while about as many items ended as are worked on at once."""

    items: int
    """That ended, at least 1."""
    seconds: float
    """It took."""
    latency_s: float
    """Of an item, on average."""
    unanswered: int
    """Items that failed as a neighbour did not answer, or not in time."""
    free_mb: float
    """At its end."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many at once, and what that follows from."""

    at_once: int
    most: int
    """It is never more."""
    slowest_s: float
    """A longer latency brings items near their timeout."""
    best_s: float = inf
    """The least time per item since something last took longer."""
    is_slow_start: bool = True
    """Whether there was no sign yet that it is too many."""

    def after(self, seen: Round) -> "Pace":
        """Return the pace after one more round."""
        each_s = seen.seconds / seen.items
        if seen.free_mb < LOW_MB or seen.unanswered > seen.items * MANY:
            return self._fewer(HALF, each_s)
        if seen.latency_s > self.slowest_s or each_s > self.best_s * WORSE:
            return self._fewer(BACK_OFF, each_s)
        best_s = min(self.best_s, each_s)
        if seen.free_mb < 2 * LOW_MB:
            return replace(self, best_s=best_s)
        more = 2 * self.at_once if self.is_slow_start else self.at_once + STEP
        return replace(self, at_once=min(more, self.most), best_s=best_s)

    def _fewer(self, share: float, each_s: float) -> "Pace":
        """What took longer is what is compared with from now on: other items may be at work."""
        fewer = max(1, int(self.at_once * share))
        return replace(self, at_once=fewer, best_s=each_s, is_slow_start=False)
