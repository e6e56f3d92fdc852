"""What the versions of a rollout did, as counts that add up over processes. Pure."""

import math
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.rollout.odds import Trials

PER_OCTAVE: Final = 4
"""Classes of computing times for each doubling: neighbours differ by 19 %."""

SHORTEST_S: Final = 1e-5
LONGEST_CLASS: Final = 88
"""Of 42 s and more."""

SMALLEST_MISS: Final = 1e-9
"""Distances of a prediction from the right number below it are one class."""

Histogram = Mapping[int, int]
"""How many were of each class."""


class ArmCounts(BaseModel):
    """One version."""

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    errors: int = 0
    """Requests that it could not answer, by no fault of theirs."""
    scored: int = 0
    """Requests whose answer somebody judged."""
    bad: int = 0
    """Of these, how many were judged wrong."""
    times: Histogram = {}
    """Computations, by the class of their time."""
    misses: Histogram = {}
    """Predicted numbers that somebody corrected, by the class of their distance from the right
    one: `store.py` makes them, as wide as
    classes of times."""

    @property
    def answered(self) -> Trials:
        """The requests, and those of them that could not be answered."""
        return Trials(self.requests, self.errors)

    @property
    def judged(self) -> Trials:
        """The judged answers, and those of them that were wrong."""
        return Trials(self.scored, self.bad)

    @property
    def computations(self) -> int:
        """How many times it computed; each may have served many requests."""
        return sum(self.times.values())

    @property
    def corrected(self) -> int:
        """Predicted numbers of which the right one is known."""
        return sum(self.misses.values())

    def minus(self, earlier: "ArmCounts") -> "ArmCounts":
        """Return what came since."""
        return ArmCounts(
            requests=self.requests - earlier.requests,
            errors=self.errors - earlier.errors,
            # Somebody may have changed their mind, and counts go down.
            scored=(scored := max(0, self.scored - earlier.scored)),
            bad=min(scored, max(0, self.bad - earlier.bad)),
            times={each: n - earlier.times.get(each, 0) for each, n in self.times.items()},
            misses={
                each: max(0, n - earlier.misses.get(each, 0)) for each, n in self.misses.items()
            },
        )

    @property
    def judgements(self) -> "ArmCounts":
        """Only what people said of it."""
        return ArmCounts(scored=self.scored, bad=self.bad, misses=self.misses)

    def plus(self, other: "ArmCounts") -> "ArmCounts":
        """Return the sum."""
        return ArmCounts(
            requests=self.requests + other.requests,
            errors=self.errors + other.errors,
            scored=self.scored + other.scored,
            bad=self.bad + other.bad,
            times=_together(self.times, other.times),
            misses=_together(self.misses, other.misses),
        )


class Counts(BaseModel):
    """Both versions."""

    model_config = ConfigDict(frozen=True)

    stable: ArmCounts = ArmCounts()
    candidate: ArmCounts = ArmCounts()
    epoch: str = ""
    """Another one: Redis was emptied, and what it counts began at zero."""
    broken: str = ""
    """Why the candidate can never serve, e.g. that its artifact is damaged."""

    @property
    def judgements(self) -> "Counts":
        """Only what people said: PostgreSQL counts that, in one epoch."""
        return Counts(stable=self.stable.judgements, candidate=self.candidate.judgements)


def time_class(seconds: float) -> int:
    """Return the class of a computing time."""
    found = math.floor(PER_OCTAVE * math.log2(max(seconds, SHORTEST_S) / SHORTEST_S))
    return min(LONGEST_CLASS, found)


def seconds_of(time_class: int) -> float:
    """Return the longest time of a class, in seconds."""
    return float(SHORTEST_S * 2 ** ((time_class + 1) / PER_OCTAVE))


def beyond(histogram: Histogram, limit: int) -> Trials:
    """Return how many there are, and how many of a class above the limit."""
    return Trials(sum(histogram.values()), sum(n for each, n in histogram.items() if each > limit))


def share_below(histogram: Histogram, share: float) -> int | None:
    """Return the class that `share` of all do not exceed; None of none."""
    total = sum(histogram.values())
    left = share * total
    for each in sorted(histogram):
        left -= histogram[each]
        if left <= 0 < total:
            return each
    return None


def miss_of(miss_class: int) -> float:
    """Return the largest distance of a class, in the unit of what is predicted."""
    return float(SMALLEST_MISS * 2 ** ((miss_class + 1) / PER_OCTAVE))


def _together(one: Histogram, other: Histogram) -> Histogram:
    return {each: one.get(each, 0) + other.get(each, 0) for each in {*one, *other}}
