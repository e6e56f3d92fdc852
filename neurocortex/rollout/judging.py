"""Whether a rollout goes on, is returned or is promoted. Pure rules.

Three things are compared, each by a test that may be looked at any time (`odds.py`): errors,
computing times and scores. Each has a third of the chance to be wrong (Bonferroni).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.rollout import odds
from neurocortex.rollout.counts import PER_OCTAVE, ArmCounts, Counts, seconds_of, share_below
from neurocortex.rollout.odds import Evidence, Trials
from neurocortex.rollout.plan import Guard, State


class Measure(StrEnum):
    """What is compared."""

    ERRORS = "errors"
    TIMES = "computing times"
    SCORES = "scores"


USUAL: Final = 0.8
"""A computation is slow if it takes longer than this share of the stable version's earlier ones."""

LEAST_TIMES: Final = 20
"""Computations of the stable version before anything is called slow."""


class Judged(BaseModel):
    """What is known after the last look."""

    model_config = ConfigDict(frozen=True)

    seen: Counts = Counts()
    """The counts at that look, as they were read."""
    sums: Counts = Counts()
    """All counts so far, also of those before the counting began anew."""
    evidence: dict[Measure, Evidence] = dict.fromkeys(Measure, odds.NONE)

    def strength(self, measure: Measure) -> float:
        """Return how many times likelier "worse" has become, as a logarithm."""
        return odds.log_strength(self.evidence[measure])


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rollout ends."""

    state: State
    reason: str


def look(judged: Judged, counts: Counts, guard: Guard) -> Judged:
    """Return what is known with the counts as they are now."""
    seen = judged.seen if counts.epoch == judged.seen.epoch else judged.seen.judgements
    stable = counts.stable.minus(seen.stable)
    candidate = counts.candidate.minus(seen.candidate)
    batches = {
        Measure.ERRORS: (
            Trials(stable.requests, stable.errors),
            Trials(candidate.requests, candidate.errors),
        ),
        Measure.TIMES: _slow(judged.sums.stable, stable, candidate, guard.slower),
        Measure.SCORES: (
            Trials(stable.scored, stable.bad),
            Trials(candidate.scored, candidate.bad),
        ),
    }
    sums = Counts(
        stable=judged.sums.stable.plus(stable),
        candidate=judged.sums.candidate.plus(candidate),
        broken=counts.broken,
    )
    evidence = {
        each: odds.updated(judged.evidence[each], *batch) for each, batch in batches.items()
    }
    return Judged(seen=counts, sums=sums, evidence=evidence)


def verdict(judged: Judged, guard: Guard) -> Verdict | None:
    """Return how the rollout ends; None: it goes on."""
    if judged.sums.broken:
        return Verdict(State.RETURNED, f"it cannot serve: {judged.sums.broken}")
    needed = math.log(len(Measure) / guard.error)
    for measure in Measure:
        if judged.strength(measure) >= needed:
            return Verdict(State.RETURNED, _worse(measure, judged.sums, judged.strength(measure)))
    if guard.promote and judged.sums.candidate.requests >= guard.enough:
        requests = judged.sums.candidate.requests
        return Verdict(
            State.PROMOTED,
            f"it is no worse after {requests:,} requests: {summary(judged.sums)}",
        )
    return None


def summary(sums: Counts) -> str:
    """Return the figures of both versions in one line, the candidate's first."""
    found = [f"errors {_rates(Measure.ERRORS, sums)}"]
    if sums.candidate.computations and sums.stable.computations:
        found.append(f"median computing time {_rates(Measure.TIMES, sums)}")
    if sums.candidate.scored and sums.stable.scored:
        found.append(f"judged wrong {_rates(Measure.SCORES, sums)}")
    return ", ".join(found)


def _slow(
    earlier: ArmCounts, stable: ArmCounts, candidate: ArmCounts, slower: float
) -> tuple[Trials, Trials]:
    """Return how many computations were slow; the limit comes from earlier batches only."""
    limit = share_below(earlier, USUAL) if earlier.computations >= LEAST_TIMES else None
    if limit is None:
        return Trials(0, 0), Trials(0, 0)
    allowed = math.ceil(PER_OCTAVE * math.log2(slower))
    return stable.slower_than(limit), candidate.slower_than(limit + allowed)


def _worse(measure: Measure, sums: Counts, strength: float) -> str:
    sure = f"evidence {math.exp(min(strength, 50)):,.0f} to 1"
    match measure:
        case Measure.ERRORS:
            return f"it fails more often: {_rates(measure, sums)} ({sure})"
        case Measure.TIMES:
            return f"it is slower: median {_rates(measure, sums)} ({sure})"
        case Measure.SCORES:
            return f"its answers are judged worse: wrong {_rates(measure, sums)} ({sure})"


def _rates(measure: Measure, sums: Counts) -> str:
    return f"{_rate(measure, sums.candidate)} against {_rate(measure, sums.stable)}"


def _rate(measure: Measure, counts: ArmCounts) -> str:
    match measure:
        case Measure.ERRORS:
            return f"{counts.errors:,} of {counts.requests:,}"
        case Measure.SCORES:
            return f"{counts.bad:,} of {counts.scored:,}"
        case Measure.TIMES:
            middle = share_below(counts, 0.5)
            return "unknown" if middle is None else f"{seconds_of(middle) * 1000:.3g} ms"
