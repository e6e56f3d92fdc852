"""Who gets the next call: pure rules.

Round robin by weight while the endpoints keep pace; least connections when they diverge, because
one that is slow gathers calls. Round robin is nginx's smooth one: each turn adds each weight, and
the highest sum is chosen and pays the total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from neurocortex.balancing.health import Standing
from neurocortex.balancing.shortage import is_short
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
    is_due_early: bool = False
    """It is out, and may be probed before its time where few are in."""
    is_brief: bool = False
    """It is out, and is waited for a moment where nobody is in."""

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
    needs_retry: bool = False
    """If the probe fails, the call must be able to go elsewhere."""


def choose(
    candidates: Sequence[Candidate],
    turns: Turns,
    *,
    needs_fine: bool = False,
    may_probe: bool = True,
) -> Choice | None:
    """Return who gets a call; None: nobody has room, or all asked for a pause, or the best of them
    is worth waiting for.

    1. An endpoint whose ejection is over, once, to see whether it works again. Where few are in,
       also one whose ejection is not over; see `shortage`.
    2. Those that are in.
    3. Nobody, where one may be back in a moment.
    4. Those that are slow, then those that fail: the last one is never out.

    Args:
        candidates: who may get it.
        turns: what round robin remembers.
        needs_fine: a call that has an endpoint already has no use for the fourth.
        may_probe: the first is allowed, and so the third.
    """
    open_ = [each for each in candidates if each.has_room]
    probe = _to_be_probed(open_, is_short=is_short([each.standing for each in candidates]))
    if probe is not None and may_probe:
        may_wait = probe.is_brief and all(each.standing is not Standing.IN for each in candidates)
        return Choice(probe.name, is_probe=True, turns=turns, needs_retry=not may_wait)
    fine = [each for each in open_ if each.standing is Standing.IN]
    if fine:
        return _taken(fine, turns)
    if needs_fine or any(each.standing is Standing.IN for each in candidates):
        return None
    if may_probe and any(each.is_brief for each in candidates):
        return None
    for standing in (Standing.SLOW, Standing.OUT, Standing.DUE):
        left = [each for each in open_ if each.standing is standing]
        if left:
            return _taken(left, turns)
    return None


def _to_be_probed(open_: Sequence[Candidate], *, is_short: bool) -> Candidate | None:
    due = (each for each in open_ if each.standing is Standing.DUE)
    out = (each for each in open_ if each.standing is Standing.OUT)
    early = (each for each in out if is_short and each.is_due_early)
    return next(due, None) or next(early, None)


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
