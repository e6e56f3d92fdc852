"""Made-up traffic with a fixed seed: what each of five providers would have done with each request.

A row for each request has an outcome of every provider, so that all contenders are given the same
luck. Providers drift: each has, on its own, times in which it is slow (six times), fails (six of
ten calls), or answers worse or better (its quality moves by .2 towards one of the ends).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from neurocortex.selection.policy import DEFAULT_WEIGHTS
from neurocortex.selection.scoring import Factors
from neurocortex.selection.values import Candidate

OPERATION: Final = "chat"

PER_S: Final = 2.0
"""Requests a second."""

QUIET_S: Final = 1200.0
"""A provider drifts so long after its last drift has ended, on average."""

DRIFT_S: Final = (120.0, 600.0)
"""How long a drift lasts."""

SLOW: Final = 6.0
FAILING: Final = 0.6
QUALITY: Final = 0.2
SPREAD: Final = 0.4
"""Of the logarithm of a call's seconds, and of its tokens."""

TIMEOUT_S: Final = 30.0
"""A call that takes longer fails."""

JUDGED: Final = 0.2
"""Share of the answers that somebody judges."""

JUDGED_AFTER_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider while nothing is wrong."""

    candidate: Candidate
    quality: float
    """How many of ten answers are right."""
    seconds: float
    """Median of a call's."""
    tokens: float
    """Median of an answer's."""


PROVIDERS: Final = (
    Provider(Candidate("large", 3.0, 15.0), quality=0.95, seconds=2.6, tokens=320),
    Provider(Candidate("medium", 0.8, 4.0), quality=0.90, seconds=1.3, tokens=300),
    Provider(Candidate("another", 1.0, 5.0), quality=0.82, seconds=1.5, tokens=280),
    Provider(Candidate("small", 0.1, 0.4), quality=0.68, seconds=0.6, tokens=350),
    Provider(Candidate("local", 0.0, 0.0), quality=0.60, seconds=4.0, tokens=250),
)


@dataclass(frozen=True, slots=True)
class Drift:
    """A time in which a provider is not as usual."""

    began: float
    ended: float
    kind: str
    """`slow`, `failing`, `worse` or `better`."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a provider would have done with a request."""

    succeeded: bool
    seconds: float
    tokens: int
    score: float
    worth: float
    """Expected at that moment: what no contender knows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request."""

    at: float
    """In seconds since the first."""
    prompt_tokens: int
    is_judged: bool
    outcomes: Sequence[Recorded]
    """In the order of PROVIDERS."""


@dataclass(frozen=True, slots=True)
class Table:
    """The traffic of one seed."""

    rows: Sequence[Row]
    drifts: Sequence[Sequence[Drift]]
    """Of each provider, in their order."""


def make(seed: int, requests: int) -> Table:
    """Return the table of a seed."""
    rng = Random(seed)
    drifts = [_drifts(rng, requests / PER_S) for _ in PROVIDERS]
    rows, at = [], 0.0
    for _ in range(requests):
        at += rng.expovariate(PER_S)
        prompt = max(20, int(rng.lognormvariate(math.log(800), 0.6)))
        outcomes = [
            _recorded(each, _state(drifts[place], at), prompt, rng)
            for place, each in enumerate(PROVIDERS)
        ]
        rows.append(Row(at, prompt, rng.random() < JUDGED, outcomes))
    return Table(rows, drifts)


def _drifts(rng: Random, until: float) -> list[Drift]:
    found: list[Drift] = []
    at = rng.expovariate(1 / QUIET_S)
    while at < until:
        ended = at + rng.uniform(*DRIFT_S)
        found.append(Drift(at, ended, rng.choice(("slow", "failing", "worse", "better"))))
        at = ended + rng.expovariate(1 / QUIET_S)
    return found


def _state(drifts: Sequence[Drift], at: float) -> str:
    return next((each.kind for each in drifts if each.began <= at < each.ended), "usual")


def _recorded(provider: Provider, state: str, prompt: int, rng: Random) -> Recorded:
    median = provider.seconds * (SLOW if state == "slow" else 1)
    quality = {"worse": provider.quality - QUALITY, "better": min(1, provider.quality + QUALITY)}
    right = quality.get(state, provider.quality)
    fails = FAILING if state == "failing" else 0.005
    seconds = min(rng.lognormvariate(math.log(median), SPREAD), TIMEOUT_S)
    tokens = max(1, int(rng.lognormvariate(math.log(provider.tokens), SPREAD)))
    return Recorded(
        succeeded=rng.random() >= fails and seconds < TIMEOUT_S,
        seconds=seconds,
        tokens=tokens,
        score=float(rng.random() < right),
        worth=_worth(provider, 1 - fails, right, median, prompt),
    )


def _worth(
    provider: Provider, reliability: float, quality: float, median: float, prompt: int
) -> float:
    """Return the score that somebody who knows the provider's state would give it, unloaded."""
    weights = DEFAULT_WEIGHTS
    cost = provider.candidate.cost(prompt, provider.tokens)
    return Factors(
        reliability=reliability,
        accuracy=quality,
        latency=weights.half_seconds / (weights.half_seconds + median),
        cost=weights.half_cost / (weights.half_cost + cost),
        load=1.0,
        freshness=1.0,
    ).score(weights)
