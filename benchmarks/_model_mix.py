"""A made-up mix of models and of requests for them, and a pool that unloads by last use."""

import random
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

MB: Final = 2**20
MODELS: Final = 200
ZIPF: Final = 0.9
"""Exponent of the popularity: that of the requests of web caches is 0.64 to 0.83 (Breslau et al.
1999), that of models somewhat more."""

MEDIAN_MB: Final = 12.0
SPREAD: Final = 1.4
"""Standard deviation of the logarithm of a size: one model in twenty is above 120 MB."""

READ_MB_PER_S: Final = 80.0
FIXED_S: Final = 0.2
"""Of each load, however small; what the registry and the reader take."""

DRIFTS: Final = 4
"""So many times the models change places in popularity."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a pool holds here."""

    name: str
    size: int
    load_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pool did."""

    hits: int
    requests: int
    reload_s: float
    """Spent on loading models that had been in memory before."""

    @property
    def hit_ratio(self) -> float:
        """Share of the requests whose model was in memory."""
        return self.hits / self.requests


class Clock:
    """Goes on by what loading takes, and by a second for each request."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


def models(chance: random.Random) -> list[Model]:
    """Return models whose popularity says nothing about their size."""
    found = []
    for number in range(MODELS):
        size = MEDIAN_MB * chance.lognormvariate(0, SPREAD)
        load_s = (FIXED_S + size / READ_MB_PER_S) * chance.lognormvariate(0, 0.5)
        found.append(Model(f"model{number}", round(size * MB), load_s))
    return found


def requests(chance: random.Random, mix: list[Model], count: int) -> Iterator[Model]:
    """Yield the models that requests ask for, by Zipf's law; now and then places are changed."""
    weights = list(accumulate(1 / rank**ZIPF for rank in range(1, len(mix) + 1)))
    order = list(mix)
    for _ in range(DRIFTS):
        chance.shuffle(order)
        yield from chance.choices(order, cum_weights=weights, k=count // DRIFTS)


def least_recently_used(asked: list[Model], max_bytes: int) -> Outcome:
    """Return how a pool does that unloads what was not used for longest."""
    held: OrderedDict[str, Model] = OrderedDict()
    known: set[str] = set()
    total, hits, reload_s = 0, 0, 0.0
    for model in asked:
        if model.name in held:
            hits += 1
            held.move_to_end(model.name)
            continue
        reload_s += model.load_s if model.name in known else 0.0
        known.add(model.name)
        held[model.name] = model
        total += model.size
        while total > max_bytes and len(held) > 1:
            total -= held.popitem(last=False)[1].size
    return Outcome(hits, len(asked), reload_s)
