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
    times: Mapping[int, int] = {}
    """Computations, by the class of their time."""

    @property
    def computations(self) -> int:
        """How many times it computed; each may have served many requests."""
        return sum(self.times.values())

    def slower_than(self, time_class: int) -> Trials:
        """Return the computations, and how many took longer than a class."""
        return Trials(
            self.computations, sum(n for each, n in self.times.items() if each > time_class)
        )

    def minus(self, earlier: "ArmCounts") -> "ArmCounts":
        """Return what came since."""
        return ArmCounts(
            requests=self.requests - earlier.requests,
            errors=self.errors - earlier.errors,
            # Somebody may have changed their mind, and counts go down.
            scored=(scored := max(0, self.scored - earlier.scored)),
            bad=min(scored, max(0, self.bad - earlier.bad)),
            times={each: n - earlier.times.get(each, 0) for each, n in self.times.items()},
        )

    @property
    def judgements(self) -> "ArmCounts":
        """Only what people said of it."""
        return ArmCounts(scored=self.scored, bad=self.bad)

    def plus(self, other: "ArmCounts") -> "ArmCounts":
        """Return the sum."""
        classes = {*self.times, *other.times}
        return ArmCounts(
            requests=self.requests + other.requests,
            errors=self.errors + other.errors,
            scored=self.scored + other.scored,
            bad=self.bad + other.bad,
            times={each: self.times.get(each, 0) + other.times.get(each, 0) for each in classes},
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


def share_below(counts: ArmCounts, share: float) -> int | None:
    """Return the class that `share` of the computing times do not exceed; None of none."""
    left = share * counts.computations
    for each in sorted(counts.times):
        left -= counts.times[each]
        if left <= 0 < counts.computations:
            return each
    return None
