"""How well the pool of models chooses what stays in memory, beside one that keeps the last used.

A made-up mix: 200 models whose sizes are spread log-normally (median 12 MB), asked for by Zipf's
law with changing favourites, and memory for a tenth of their bytes. Loading is simulated: it takes
a fifth of a second and what reading 80 MB/s takes, on a clock of the benchmark's own. `reload_cost`
is the seconds spent on loading what had been in memory before, for each 1,000 requests.
"""

import argparse
import random
from statistics import fmean
from typing import Final

from benchmarks._model_mix import Clock, Model, Outcome, least_recently_used, models, requests
from neurocortex.forge.pool import ModelPool
from neurocortex.forge.pooled import Pooling

REQUESTS: Final = 40_000
SEEDS: Final = 5
MEMORY_SHARE: Final = 0.1
"""Of the bytes of all models."""

PER: Final = 1000
QUICK: Final = 8


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--quick", action="store_true", help="an eighth of the requests, one seed")


def run(options: argparse.Namespace) -> dict[str, float]:
    """Measure, and return the figures by name."""
    count = REQUESTS // QUICK if options.quick else REQUESTS
    ours, theirs = [], []
    for seed in range(1 if options.quick else SEEDS):
        chance = random.Random(seed)
        mix = models(chance)
        asked = list(requests(chance, mix, count))
        max_bytes = round(MEMORY_SHARE * sum(model.size for model in mix))
        ours.append(_by_benefit(asked, max_bytes))
        theirs.append(least_recently_used(asked, max_bytes))
    cost, lru_cost = _cost(ours), _cost(theirs)
    return {
        "hit_ratio": fmean(each.hit_ratio for each in ours),
        "lru_hit_ratio": fmean(each.hit_ratio for each in theirs),
        "reload_cost": cost,
        "lru_reload_cost": lru_cost,
        "cost_ratio": cost / lru_cost,
    }


def _cost(outcomes: list[Outcome]) -> float:
    return fmean(PER * each.reload_s / each.requests for each in outcomes)


def _by_benefit(asked: list[Model], max_bytes: int) -> Outcome:
    """Return how the platform's pool does."""
    clock, known, reloads = Clock(), set[str](), 0.0
    pool: ModelPool[Model] = ModelPool(
        Pooling(max_bytes, idle_s=float("inf"), tend_s=float(len(asked))), clock=clock
    )

    def load(model: Model) -> Model:
        nonlocal reloads
        clock.seconds += model.load_s
        reloads += model.load_s if model.name in known else 0.0
        known.add(model.name)
        return model

    for model in asked:
        clock.seconds += 1.0
        with pool.using(model.name, lambda model=model: load(model)):  # type: ignore[misc]
            pass
    return Outcome(pool.figures().hits, len(asked), reloads)
