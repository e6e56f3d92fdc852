"""When a flapping endpoint is out: a schedule that its process and the figures share."""

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

SPREAD: Final = 0.5
"""A time out, or up, is the mean give or take half of it."""

LASTS_S: Final = 600.0
"""So long it flaps: no phase takes longer."""

SEED: Final = 7


@dataclass(frozen=True)
class Flaps:
    """Out, up, out, up, ...: the times are random, as long out as up, the same in each run."""

    mean_s: float
    """Of a time out, and of one up."""
    changes: list[float] = field(init=False)
    """Seconds since the first time out began, of each change; an odd one ends a time out."""

    def __post_init__(self) -> None:
        """Draw the times."""
        chance = random.Random(SEED)
        count = int(LASTS_S / self.mean_s) + 1
        least, most = (1 - SPREAD) * self.mean_s, (1 + SPREAD) * self.mean_s
        times = (chance.uniform(least, most) for _ in range(count))
        object.__setattr__(self, "changes", list(accumulate(times, initial=0.0)))

    def back_s(self, at_s: float) -> float:
        """Return the seconds until it answers; 0: it does."""
        number = bisect_right(self.changes, at_s)
        is_out = number % 2 == 1 and number < len(self.changes)
        return self.changes[number] - at_s if is_out else 0.0

    def least_s(self, normal_s: float, slow_s: float, seconds: float, per_s: float) -> list[float]:
        """Return the least that each call takes for who knows the schedule, and which endpoint is
        the slow one: its answer, or that of the flapping one when it is back.

        Args:
            normal_s: what an answer takes.
            slow_s: what it takes at the slow one.
            seconds: for which calls come.
            per_s: calls.
        """
        moments = (number / per_s for number in range(int(seconds * per_s)))
        return [min(slow_s, self.back_s(at_s) + normal_s) for at_s in moments]
