"""How long reads took: a histogram that costs a fraction of a microsecond to add to."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

BOUNDS_S: Final = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005),
    *(0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0),
)
"""Upper bounds of the buckets, in seconds: memory takes 10 µs, Redis 0.4 ms, the disk 1 ms. What
takes longer than the last is counted in one bucket more."""


class Durations:
    """Counts by bucket, and the sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds


def quantile(counts: Sequence[int], share: float) -> float | None:
    """Return the bound that a share of all durations did not exceed, in seconds.

    None: there were none, or it lies beyond the last bound.
    """
    wanted, seen = share * sum(counts), 0
    for bound, count in zip(BOUNDS_S, counts, strict=False):
        seen += count
        if count and seen >= wanted:
            return bound
    return None
