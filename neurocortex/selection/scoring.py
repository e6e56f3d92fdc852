"""The score of a provider for a request: factors from 0 to 1, weighed."""

from dataclasses import dataclass

from neurocortex.selection.beliefs import Belief
from neurocortex.selection.policy import Weights
from neurocortex.selection.values import Asked, Candidate


@dataclass(frozen=True, slots=True)
class Factors:
    """1 is best. Freshness is no merit: it says how far the others rest on recent outcomes."""

    reliability: float
    accuracy: float
    latency: float
    cost: float
    load: float
    freshness: float

    def score(self, weights: Weights) -> float:
        """Return what a call is worth, 0 to 1.

        The weighted mean counts in so far as the call succeeds: one that fails is worth nothing,
        however soon it fails and however little it costs.
        """
        worth = (
            weights.accuracy * self.accuracy
            + weights.latency * self.latency
            + weights.cost * self.cost
            + weights.load * self.load
        )
        return self.reliability * worth / weights.total


def factors(
    candidate: Candidate, belief: Belief, in_flight: int, asked: Asked, weights: Weights
) -> Factors:
    """Return the factors of a candidate, of which something is expected or drawn."""
    return Factors(
        reliability=belief.reliability,
        accuracy=belief.quality,
        latency=_halved(belief.seconds, weights.half_seconds),
        cost=_halved(expected_cost(candidate, belief, asked), weights.half_cost),
        load=_halved(in_flight, weights.half_load),
        freshness=belief.freshness,
    )


def expected_cost(candidate: Candidate, belief: Belief, asked: Asked) -> float:
    """Return what a call would cost, in the currency of the prices."""
    return candidate.cost(asked.prompt_tokens, min(belief.answer_tokens, asked.answer_room))


def _halved(value: float, half: float) -> float:
    """Return 1 for nothing, a half for `half`, and less the more there is."""
    return half / (half + value)
