"""Who gets the next call: pure rules.

Round robin by weight while the endpoints keep pace; least connections when they diverge, because
one that is slow gathers calls. Round robin is nginx's smooth one: each turn adds each weight, and
the highest sum is chosen and pays the total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from neurocortex.balancing.health import Standing
from neurocortex.domain.endpoints import LlmEndpoint

DIVERGED: Final = 2.0
"""Calls in flight, by weight, that one may have more than another and still take its turn."""

ELSEWHERE: Final = 0.1
"""An endpoint of another region than ours gets a tenth: so that it is known to work."""

DEAREST: Final = 0.1
"""One that costs more than ten times as much as the cheapest gets a tenth, for the same reason."""

Turns = Mapping[str, float]
"""What round robin remembers: each endpoint's sum."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that may get a call."""

    name: str
    weight: float
    standing: Standing
    in_flight: int
    max_concurrent: int | None = None

    @property
    def has_room(self) -> bool:
        """It takes one more call now."""
        return self.max_concurrent is None or self.in_flight < self.max_concurrent


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a call, and what round robin remembers of it."""

    name: str
    is_probe: bool
    turns: Turns


def choose(candidates: Sequence[Candidate], turns: Turns) -> Choice | None:
    """Return who gets a call; None: nobody has room, or all asked for a pause.

    1. An endpoint whose ejection is over, once, to see whether it works again.
    2. Those that are in.
    3. Where none of them is in: those that are ejected. The last one is never out.
    """
    open_ = [each for each in candidates if each.has_room]
    due = [each for each in open_ if each.standing is Standing.DUE]
    if due:
        return Choice(due[0].name, is_probe=True, turns=turns)
    fine = [each for each in open_ if each.standing is Standing.IN]
    if fine:
        return _taken(fine, turns)
    if any(each.standing is Standing.IN for each in candidates):
        return None
    out = [each for each in open_ if each.standing is Standing.OUT]
    return _taken(out, turns) if out else None


def weights(endpoints: Sequence[LlmEndpoint], region: str | None) -> dict[str, float]:
    """Return each endpoint's weight by name: its own, less where it is dearer or elsewhere.

    Twice the price is half the weight, down to DEAREST; prices are the sum of both directions.
    """
    prices = {each.name: each.prompt_price + each.completion_price for each in endpoints}
    cheapest = min(prices.values())
    return {
        each.name: each.weight
        * _cheapness(prices[each.name], cheapest)
        * (ELSEWHERE if region and each.region and each.region != region else 1.0)
        for each in endpoints
    }


def _cheapness(price: float, cheapest: float) -> float:
    return max(cheapest / price, DEAREST) if price > 0 else 1.0


def _taken(group: Sequence[Candidate], turns: Turns) -> Choice:
    mean = sum(each.weight for each in group) / len(group)
    loads = [each.in_flight * mean / each.weight for each in group]
    if max(loads) - min(loads) > DIVERGED:
        least = min(group, key=lambda each: (each.in_flight + 1) / each.weight)
        return Choice(least.name, is_probe=False, turns=turns)
    sums = {each.name: turns.get(each.name, 0.0) + each.weight for each in group}
    name = max(sums, key=sums.__getitem__)
    sums[name] -= sum(each.weight for each in group)
    return Choice(name, is_probe=False, turns={**turns, **sums})
