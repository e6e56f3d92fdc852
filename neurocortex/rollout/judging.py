"""What is known of a rollout's two versions: evidence that grows with each look. Pure rules.

Four things are compared, each by a test that may be looked at any time (`odds.py`): requests that
could not be answered, computing times, judged answers, and corrected numbers. A test counts
failures; of times and distances it counts those beyond a limit that the stable version's earlier
ones set, so that the limit does not depend on what is counted.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.rollout import odds
from neurocortex.rollout.counts import PER_OCTAVE, Counts, Histogram, beyond, share_below
from neurocortex.rollout.odds import Evidence, Trials
from neurocortex.rollout.plan import Guard


class Measure(StrEnum):
    """What is compared."""

    ERRORS = "errors"
    TIMES = "computing times"
    SCORES = "scores"
    MISSES = "misses"


class Claim(StrEnum):
    """What there is evidence for."""

    WORSE = "worse"
    """The candidate fails more often than the stable version."""
    BETTER = "better"
    """It fails less often."""
    CLOSE = "close"
    """It fails less often even if its limit is as much higher as is allowed. Of times and misses:
    for the others see `bounds.py`."""


USUAL: Final = 0.8
"""A computation is slow if it takes longer than this share of the stable version's earlier ones."""

TYPICAL: Final = 0.5
"""A prediction is far off if it is farther than this share of the stable version's earlier ones."""

FARTHER: Final = 1
"""Classes that a candidate's distances may be larger by: 19 %."""

LEAST_KNOWN: Final = 20
"""Of the stable version, before any limit is set."""

Batch = tuple[Trials, Trials]
"""Of the stable version and of the candidate."""

SILENT: Final[Batch] = (Trials(0, 0), Trials(0, 0))


class Judged(BaseModel):
    """What is known after the last look."""

    model_config = ConfigDict(frozen=True)

    seen: Counts = Counts()
    """The counts at that look, as they were read."""
    sums: Counts = Counts()
    """All counts so far, also of those before the counting began anew."""
    evidence: dict[Measure, Evidence] = {}
    """That the candidate is worse."""
    better: dict[Measure, Evidence] = {}
    close: dict[Measure, Evidence] = {}

    def strength(self, claim: Claim, measure: Measure) -> float:
        """Return how many times likelier a claim has become, as a logarithm."""
        return odds.log_strength(self._of(claim).get(measure, odds.NONE))

    def updated(self, claim: Claim, batches: Mapping[Measure, Batch]) -> dict[Measure, Evidence]:
        """Return the evidence for a claim after one more batch of each measure."""
        known = self._of(claim)
        return {
            each: odds.updated(known.get(each, odds.NONE), *batch)
            for each, batch in batches.items()
        }

    def _of(self, claim: Claim) -> Mapping[Measure, Evidence]:
        match claim:
            case Claim.WORSE:
                return self.evidence
            case Claim.BETTER:
                return self.better
            case Claim.CLOSE:
                return self.close


def look(judged: Judged, counts: Counts, guard: Guard) -> Judged:
    """Return what is known with the counts as they are now."""
    seen = judged.seen if counts.epoch == judged.seen.epoch else judged.seen.judgements
    stable = counts.stable.minus(seen.stable)
    candidate = counts.candidate.minus(seen.candidate)
    sums = judged.sums
    slow = share_below(sums.stable.times, USUAL)
    far = share_below(sums.stable.misses, TYPICAL)
    slow = slow if sums.stable.computations >= LEAST_KNOWN else None
    far = far if sums.stable.corrected >= LEAST_KNOWN else None
    allowed = math.ceil(PER_OCTAVE * math.log2(guard.slower))
    counted: dict[Measure, Batch] = {
        Measure.ERRORS: (stable.answered, candidate.answered),
        Measure.SCORES: (stable.judged, candidate.judged),
    }
    misses = _beyond(far, stable.misses, candidate.misses)
    even = {
        **counted,
        Measure.TIMES: _beyond(slow, stable.times, candidate.times),
        Measure.MISSES: misses,
    }
    tolerant = {
        Measure.TIMES: _beyond(slow, stable.times, candidate.times, allowed),
        Measure.MISSES: _beyond(far, stable.misses, candidate.misses, FARTHER),
    }
    worse = {**counted, Measure.TIMES: tolerant[Measure.TIMES], Measure.MISSES: misses}
    return Judged(
        seen=counts,
        sums=Counts(
            stable=sums.stable.plus(stable),
            candidate=sums.candidate.plus(candidate),
            broken=counts.broken,
        ),
        evidence=judged.updated(Claim.WORSE, worse),
        better=judged.updated(Claim.BETTER, _swapped(even)),
        close=judged.updated(Claim.CLOSE, _swapped(tolerant)),
    )


def _beyond(limit: int | None, stable: Histogram, candidate: Histogram, allowed: int = 0) -> Batch:
    """Return how many were beyond a limit; the candidate's may be higher by so many classes."""
    if limit is None:
        return SILENT
    return beyond(stable, limit), beyond(candidate, limit + allowed)


def _swapped(batches: Mapping[Measure, Batch]) -> Mapping[Measure, Batch]:
    """Return batches for the claim that the stable version is the one that fails more often."""
    return {each: (candidate, stable) for each, (stable, candidate) in batches.items()}
