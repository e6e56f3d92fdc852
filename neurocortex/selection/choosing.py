"""The choice: constraints first, then the highest draw from what is believed of each candidate.

Discounted Thompson sampling (Raj and Kalyani 2017, after Garivier and Moulines 2011). A sum of
several factors needs no bound of its own to be explored, as an upper confidence bound would: each
factor is drawn. Draws of many processes differ, so they do not all run to one provider between two
outcomes, and outcomes may come late.

Exploring is to ask one that is expected to be worse, or of which nothing is known while something
is known of the best. It is never done for the tier critical, nor
when the time is short; its share of all requests is bounded by who keeps count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from neurocortex.domain.deployments import Tier
from neurocortex.errors import NoProviderFitsError
from neurocortex.selection.beliefs import Belief, Prior, drawn, expected, prior_of
from neurocortex.selection.constraints import Considered, Removal, removal
from neurocortex.selection.policy import Policy, Weights
from neurocortex.selection.scoring import Factors, factors
from neurocortex.selection.values import Asked, Candidate, Evidence

INDIFFERENCE: Final = 0.01
"""Scores that differ by less are as good as each other: to ask either is no exploring."""

TIGHT: Final = 3.0
"""A deadline is tight when it leaves less than so many times what the best is expected to take."""

UNKNOWN: Final = Evidence()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one candidate did."""

    provider: str
    factors: Factors
    score: float
    """Expected."""
    removed: Removal | None = None
    """The constraint that it breaks."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is asked."""

    chosen: str
    best: str
    """Who is expected to be best of those who are known: asked where exploring is not allowed."""
    is_exploring: bool
    standings: tuple[Standing, ...]

    def of(self, provider: str) -> Standing:
        """Return how a candidate did."""
        return next(each for each in self.standings if each.provider == provider)


@dataclass(frozen=True, slots=True)
class _Fit:
    candidate: Candidate
    evidence: Evidence
    belief: Belief
    standing: Standing


def choose(
    candidates: Sequence[Candidate],
    known: Mapping[str, Evidence],
    asked: Asked,
    policy: Policy,
    rng: Random,
    *,
    learns: bool = True,
) -> Decision:
    """Return who is asked.

    Args:
        candidates: at least one.
        known: what outcomes of the operation taught, by provider, faded until now.
        asked: the request.
        policy: weights, and who may see what.
        rng: draws.
        learns: whether the outcome will be known; else nothing is drawn, as nothing is learned.

    Raises:
        NoProviderFitsError: the constraints leave nobody; it says which removed whom.
    """
    weights = policy.weights_of(asked.operation)
    evidence = {each.provider: known.get(each.provider, UNKNOWN) for each in candidates}
    prior = prior_of(evidence.values(), weights.half_seconds, asked.answer_tokens)
    all_of_them = [
        _considered(each, evidence[each.provider], asked, policy, prior) for each in candidates
    ]
    standings = tuple(each.standing for each in all_of_them)
    fit = [each for each in all_of_them if each.standing.removed is None]
    if not fit:
        raise NoProviderFitsError(
            asked.operation,
            {s.provider: (s.removed.constraint, s.removed.text) for s in standings if s.removed},
        )
    # Where exploring is not allowed, nobody of whom nothing is known is asked in place of one who
    # is known. The random number decides between equals, so that they share the work.
    safe = [each for each in fit if each.belief.is_known] or fit
    best = max(safe, key=lambda each: (each.standing.score, rng.random()))
    chosen = best
    if learns and may_explore(asked, best.belief):
        is_judged = any(each.judged >= 1 for each in known.values())
        chosen = max(fit, key=lambda each: _draw(each, asked, weights, rng, is_judged=is_judged))
    behind = best.standing.score - chosen.standing.score
    return Decision(
        chosen=chosen.candidate.provider,
        best=best.candidate.provider,
        is_exploring=behind > INDIFFERENCE or (best.belief.is_known and not chosen.belief.is_known),
        standings=standings,
    )


def may_explore(asked: Asked, best: Belief) -> bool:
    """Tell whether a request bears a worse answer, or a later one: not if one failed it already."""
    if asked.tier is Tier.CRITICAL or asked.failed:
        return False
    return asked.left_s is None or asked.left_s >= TIGHT * best.seconds


def _considered(
    candidate: Candidate, evidence: Evidence, asked: Asked, policy: Policy, prior: Prior
) -> _Fit:
    belief, weights = expected(evidence, prior), policy.weights_of(asked.operation)
    found = factors(candidate, belief, evidence.in_flight, asked, weights)
    standing = Standing(
        provider=candidate.provider,
        factors=found,
        score=found.score(weights),
        removed=removal(Considered(candidate, belief, asked, policy)),
    )
    return _Fit(candidate, evidence, belief, standing)


def _draw(one: _Fit, asked: Asked, weights: Weights, rng: Random, *, is_judged: bool) -> float:
    belief = drawn(one.evidence, one.belief, rng, is_judged=is_judged)
    return factors(one.candidate, belief, one.evidence.in_flight, asked, weights).score(weights)
