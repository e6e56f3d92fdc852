"""Whether a rollout goes on, is returned or is promoted, and why. Pure rules.

It is returned when there is evidence that it is worse: each measure has a share of the chance to be
wrong (Bonferroni). It is promoted when each measure that counts is shown to be no worse than its
margin allows: all of them have to be shown, so each may use the whole chance (an
intersection-union test; Berger 1982).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from neurocortex.rollout.bounds import highest, lowest
from neurocortex.rollout.counts import ArmCounts, Counts, miss_of, seconds_of, share_below
from neurocortex.rollout.judging import Claim, Judged, Measure
from neurocortex.rollout.odds import Trials
from neurocortex.rollout.plan import Guard, State

LEAST_TRIALS: Final = 200
"""Of each version: with fewer, times and feedback are not waited for. Many never get feedback."""

GAINS: Final[Mapping[Measure, str]] = {
    Measure.ERRORS: "it fails less often",
    Measure.TIMES: "it is faster",
    Measure.SCORES: "its answers are judged better",
    Measure.MISSES: "its numbers are nearer to the right ones",
}
LOSSES: Final[Mapping[Measure, str]] = {
    Measure.ERRORS: "it fails more often",
    Measure.TIMES: "it is slower",
    Measure.SCORES: "its answers are judged worse",
    Measure.MISSES: "its numbers are farther from the right ones",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rollout ends."""

    state: State
    reason: str


def verdict(judged: Judged, guard: Guard) -> Verdict | None:
    """Return how the rollout ends; None: it goes on."""
    if judged.sums.broken:
        return Verdict(State.RETURNED, f"it cannot serve: {judged.sums.broken}")
    for measure in Measure:
        if _is_shown(judged, Claim.WORSE, measure, guard):
            reason = _found(LOSSES, Claim.WORSE, measure, judged)
            return Verdict(State.RETURNED, reason)
    if guard.promote and not missing(judged, guard):
        return Verdict(State.PROMOTED, _why_promoted(judged, guard))
    return None


def missing(judged: Judged, guard: Guard) -> tuple[str, ...]:
    """Return what has to be shown yet before the candidate is promoted, for people."""
    requests = judged.sums.candidate.requests
    found = [f"{requests:,} of {guard.enough:,} requests"] if requests < guard.enough else []
    found += [
        f"{measure} no worse ({_margin(measure, guard)})"
        for measure in Measure
        if _counts(measure, judged.sums) and not _is_no_worse(judged, measure, guard)
    ]
    if guard.only_better and not _gains(judged, guard):
        found.append("better in something")
    return tuple(found)


def summary(sums: Counts) -> str:
    """Return the figures of both versions in one line, the candidate's first."""
    found = [f"errors {_rates(Measure.ERRORS, sums)}"]
    if sums.candidate.computations and sums.stable.computations:
        found.append(f"median computing time {_rates(Measure.TIMES, sums)}")
    if sums.candidate.scored and sums.stable.scored:
        found.append(f"judged wrong {_rates(Measure.SCORES, sums)}")
    if sums.candidate.corrected and sums.stable.corrected:
        found.append(f"median distance from the right number {_rates(Measure.MISSES, sums)}")
    return ", ".join(found)


def _why_promoted(judged: Judged, guard: Guard) -> str:
    counted = [each for each in Measure if _counts(each, judged.sums)]
    margins = ", ".join(f"{each} {_margin(each, guard)}" for each in counted)
    gains = _gains(judged, guard)
    better = f"it is better: {gains[0]}; and " if gains else ""
    return (
        f"{better}it is no worse after {judged.sums.candidate.requests:,} requests"
        f" ({margins}): {summary(judged.sums)}"
    )


def _gains(judged: Judged, guard: Guard) -> tuple[str, ...]:
    """Return in what the candidate is shown to be better."""
    return tuple(
        _found(GAINS, Claim.BETTER, measure, judged)
        for measure in Measure
        if _is_shown(judged, Claim.BETTER, measure, guard)
    )


def _is_shown(judged: Judged, claim: Claim, measure: Measure, guard: Guard) -> bool:
    """Tell whether one of the claims about four measures holds, wrong with the chance in all."""
    return judged.strength(claim, measure) >= math.log(len(Measure) / guard.error)


def _is_no_worse(judged: Judged, measure: Measure, guard: Guard) -> bool:
    stable, candidate = judged.sums.stable, judged.sums.candidate
    match measure:
        case Measure.ERRORS:
            return _is_within(stable.answered, candidate.answered, guard.margin, guard.error)
        case Measure.SCORES:
            return _is_within(stable.judged, candidate.judged, guard.margin_wrong, guard.error)
        case Measure.TIMES | Measure.MISSES:
            return judged.strength(Claim.CLOSE, measure) >= math.log(1 / guard.error)


def _is_within(stable: Trials, candidate: Trials, margin: float, error: float) -> bool:
    """Tell whether the candidate's rate is surely no more than the margin above the other's."""
    if not stable.total or not candidate.total:
        return False
    return highest(candidate, error / 2) - lowest(stable, error / 2) <= margin


def _counts(measure: Measure, sums: Counts) -> bool:
    """Tell whether a measure is waited for."""
    return measure is Measure.ERRORS or all(
        _known(measure, each) >= LEAST_TRIALS for each in (sums.stable, sums.candidate)
    )


def _known(measure: Measure, counts: ArmCounts) -> int:
    match measure:
        case Measure.ERRORS:
            return counts.requests
        case Measure.TIMES:
            return counts.computations
        case Measure.SCORES:
            return counts.scored
        case Measure.MISSES:
            return counts.corrected


def _margin(measure: Measure, guard: Guard) -> str:
    match measure:
        case Measure.ERRORS:
            return f"within {100 * guard.margin:g} points"
        case Measure.TIMES:
            return f"within a factor of {guard.slower:g}"
        case Measure.SCORES:
            return f"within {100 * guard.margin_wrong:g} points"
        case Measure.MISSES:
            return "within a factor of 1.19"


def _found(words: Mapping[Measure, str], claim: Claim, measure: Measure, judged: Judged) -> str:
    sure = f"evidence {math.exp(min(judged.strength(claim, measure), 50)):,.0f} to 1"
    before = {Measure.TIMES: "median ", Measure.SCORES: "wrong ", Measure.MISSES: "median "}
    rates = _rates(measure, judged.sums)
    return f"{words[measure]}: {before.get(measure, '')}{rates} ({sure})"


def _rates(measure: Measure, sums: Counts) -> str:
    return f"{_rate(measure, sums.candidate)} against {_rate(measure, sums.stable)}"


def _rate(measure: Measure, counts: ArmCounts) -> str:
    match measure:
        case Measure.ERRORS:
            return f"{counts.errors:,} of {counts.requests:,}"
        case Measure.SCORES:
            return f"{counts.bad:,} of {counts.scored:,}"
        case Measure.TIMES:
            middle = share_below(counts.times, 0.5)
            return "unknown" if middle is None else f"{seconds_of(middle) * 1000:.3g} ms"
        case Measure.MISSES:
            middle = share_below(counts.misses, 0.5)
            return "unknown" if middle is None else f"{miss_of(middle):.3g}"
