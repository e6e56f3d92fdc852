"""The generic cell rate algorithm: a token bucket as one number. Pure rules.

ITU-T I.371; as in Redis by Brandur's throttled. The number is the time at which the bucket will be
full again: each token taken moves it on by the time a token needs to come back.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """How many tokens come back per second, and how many a bucket holds."""

    per_s: float
    burst: int

    @property
    def interval_s(self) -> float:
        """Until one token comes back."""
        return 1 / self.per_s

    def share(self, parts: int) -> "Rate":
        """Return an equal part of it; no part holds less than one token."""
        return Rate(self.per_s / parts, max(self.burst // parts, 1))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a rate."""

    rate: Rate
    full_at: float = -math.inf
    """Seconds of the caller's clock."""

    def free(self, now: float) -> int:
        """Return how many tokens are in it."""
        taken_s = max(self.full_at - now, 0.0)
        return max(math.floor(self.rate.burst - taken_s * self.rate.per_s), 0)

    def wait_s(self, now: float) -> float:
        """Return how long until there is a token in it; 0: there is one."""
        return max(self.full_at - now - (self.rate.burst - 1) * self.rate.interval_s, 0.0)

    def less(self, tokens: int, now: float) -> "Bucket":
        """Return the bucket after so many were taken."""
        return Bucket(self.rate, max(self.full_at, now) + tokens * self.rate.interval_s)


def narrowest(buckets: Sequence[Bucket], now: float) -> int:
    """Return which bucket one has to wait for longest."""
    return max(range(len(buckets)), key=lambda at: buckets[at].wait_s(now))
