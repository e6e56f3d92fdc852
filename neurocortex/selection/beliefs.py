"""What is believed of a provider after its outcomes: a prior, moved by evidence.

Reliability and the quality of answers are beta distributed, the time of a call is log-normal. A
draw takes each from its posterior (Thompson 1933; Chapelle and Li 2011): what is known well is
drawn close to its mean, what is unknown or has faded is drawn widely, and so tried at times. Who is
unknown is believed to be like the others on average (empirical Bayes: Morris 1983).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Final

from neurocortex.selection.values import Evidence

PRIOR_CALLS: Final = 2.0
"""So many calls is the prior worth: a few outcomes outweigh it."""

RELIABILITY: Final = 0.95
QUALITY: Final = 0.8
"""Of all, before anything was seen."""

SPREAD: Final = 0.7
"""Standard deviation of the logarithm of a call's seconds before any was seen: half to double."""

TAIL: Final = 1.2816
"""Nine of ten values of a normal distribution are below the mean and so many deviations."""

KNOWN: Final = 0.5
"""From such a freshness on, as many outcomes as the prior is worth, a provider is known."""

KNOWN_CALLS: Final = 5.0
"""From so many timed calls on, faded ones counting less, a provider's time is known."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of one of which nothing is known."""

    reliability: float
    quality: float
    seconds: float
    answer_tokens: float


@dataclass(frozen=True, slots=True)
class Belief:
    """How a call would go: expected, or drawn."""

    reliability: float
    """Probability that it succeeds."""
    quality: float
    """Judgement of its answer, 0 to 1."""
    seconds: float
    answer_tokens: float
    slow_seconds: float
    """Nine of ten calls take less."""
    freshness: float
    """0: this is the prior; towards 1: it is what recent outcomes say."""
    knows_time: bool

    @property
    def is_known(self) -> bool:
        """Whether outcomes say more than the prior."""
        return self.freshness >= KNOWN


def prior_of(known: Iterable[Evidence], usual_s: float, usual_tokens: float) -> Prior:
    """Return the average of the providers of which something is known.

    Args:
        known: of one operation at each provider.
        usual_s: seconds of a call where nothing is known of any.
        usual_tokens: of an answer, likewise.
    """
    among = tuple(known)

    def average(
        count: Callable[[Evidence], float], value: Callable[[Evidence], float], unknown: float
    ) -> float:
        found = [value(each) / count(each) for each in among if count(each) >= PRIOR_CALLS]
        return fmean(found) if found else unknown

    return Prior(
        reliability=average(_outcomes, lambda each: each.succeeded, RELIABILITY),
        quality=average(lambda each: each.judged, lambda each: each.scores, QUALITY),
        seconds=math.exp(
            average(lambda each: each.timed, lambda each: each.log_seconds, math.log(usual_s))
        ),
        answer_tokens=average(lambda each: each.counted, lambda each: each.tokens, usual_tokens),
    )


def expected(evidence: Evidence, prior: Prior) -> Belief:
    """Return the means; the evidence is of one operation at one provider, faded until now."""
    log_seconds, spread = _log_seconds(evidence, prior)
    outcomes = _outcomes(evidence)
    return Belief(
        reliability=_mean(evidence.succeeded, outcomes, prior.reliability),
        quality=_mean(evidence.scores, evidence.judged, prior.quality),
        seconds=math.exp(log_seconds),
        answer_tokens=_mean(evidence.tokens, evidence.counted, prior.answer_tokens),
        slow_seconds=math.exp(log_seconds + TAIL * spread),
        freshness=outcomes / (outcomes + PRIOR_CALLS),
        knows_time=evidence.timed >= KNOWN_CALLS,
    )


def drawn(evidence: Evidence, means: Belief, rng: Random, *, is_judged: bool) -> Belief:
    """Return one draw from the posterior of which `expected` returned the means.

    Where nobody judges answers (`is_judged`), asking teaches nothing of their quality: it is not
    drawn.
    """
    spread = math.log(means.slow_seconds / means.seconds) / TAIL
    error = spread / math.sqrt(evidence.timed + PRIOR_CALLS)
    return Belief(
        reliability=_beta(means.reliability, _outcomes(evidence), rng),
        quality=_beta(means.quality, evidence.judged, rng) if is_judged else means.quality,
        seconds=means.seconds * math.exp(rng.gauss(0, error)),
        answer_tokens=means.answer_tokens,
        slow_seconds=means.slow_seconds,
        freshness=means.freshness,
        knows_time=means.knows_time,
    )


def _outcomes(evidence: Evidence) -> float:
    return evidence.succeeded + evidence.failed


def _mean(total: float, count: float, prior: float) -> float:
    return (total + PRIOR_CALLS * prior) / (count + PRIOR_CALLS)


def _beta(mean: float, count: float, rng: Random) -> float:
    """Draw from the beta distribution of a mean after so many observations and the prior."""
    if not 0 < mean < 1:
        return mean
    calls = count + PRIOR_CALLS
    return rng.betavariate(mean * calls, (1 - mean) * calls)


def _log_seconds(evidence: Evidence, prior: Prior) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a call's seconds."""
    mean = _mean(evidence.log_seconds, evidence.timed, math.log(prior.seconds))
    if evidence.timed <= 0:
        return mean, SPREAD
    own = evidence.log_seconds / evidence.timed
    squares = max(0.0, evidence.log_seconds_squared - evidence.timed * own**2)
    return mean, math.sqrt(_mean(squares, evidence.timed, SPREAD**2))
