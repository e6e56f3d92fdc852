"""How well the model selector chooses among providers that drift, beside simpler rules.

Simulated traffic over recorded outcomes (`_selection_traffic.py`, fixed seeds): the real selector,
with its Lua in a real Redis, by the clock of the traffic; calls overlap, outcomes come when a call
has ended, and one answer in five is judged half a minute later. Worth is the selector's own score,
from the true state of a provider at that moment. Regret is what a request's choice was worth less
than the best one (the oracle's), on average over all requests.

`regret_vs_oracle`: of the selector. `regret_ratio`: that over the least of the baselines' regrets:
each in turn, any, the cheapest, and who answered soonest lately; means over all tables.
`ratio_of_tables`: the same of each table for itself, beside the baseline that was best on that very
table; `tables_within_aim`: share of them at AIM or less.
`regret_vs_best_fixed`: regret of
the selector less that of the provider that would have been best to ask always; below 0 is better
than any fixed choice. `reaction_requests`, `reaction_s`: median over the times (`reactions`) at
which a provider became slow or failing, and by that worth .05 less than the best, that 6 of the 20
requests before went to: until less than a quarter of the next 12 went to it. `explored_share`:
requests that explored.
"""

import argparse
import asyncio
import heapq
from collections.abc import Mapping, Sequence
from random import Random
from statistics import fmean, median
from typing import Final

from redis.asyncio import Redis

from benchmarks import _selection_traffic as traffic
from benchmarks._cache_instances import own_redis
from benchmarks._selection_contenders import Contender, Ours, baselines, every_fixed
from benchmarks._selection_traffic import Recorded, Row, Table
from neurocortex.settings import SelectionSettings

AIM: Final = 0.5

SEEDS: Final = 5
REQUESTS: Final = 6000
QUICK_SEEDS: Final = 2
QUICK_REQUESTS: Final = 2000

BEFORE: Final = 20
ASKED: Final = 6
AFTER: Final = 12
LEFT: Final = AFTER // 4

MATTERS: Final = 0.05
"""Who is worth so much less than the best after it went bad is to be left."""

Figures = Mapping[str, float | Mapping[str, float]]

Ending = tuple[float, int, int, bool]
"""When, the request's number, who was asked, and whether it is a judgement."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_SEEDS} tables of {QUICK_REQUESTS} requests"
    )
    parser.add_argument("--tables", type=int, help=f"{SEEDS}, quick: {QUICK_SEEDS}")
    parser.add_argument("--first", type=int, default=0, help="seed of the first table")


def run(options: argparse.Namespace) -> Figures:
    """Replay the traffic for each contender and return the figures."""
    seeds, requests = (QUICK_SEEDS, QUICK_REQUESTS) if options.quick else (SEEDS, REQUESTS)
    first = options.first
    return asyncio.run(_measured(range(first, first + (options.tables or seeds)), requests))


async def _measured(seeds: range, requests: int) -> Figures:
    regrets: dict[str, list[float]] = {}
    reactions: list[tuple[int, float]] = []
    explored, fixed = 0, 0.0
    async with own_redis() as (url, _), Redis.from_url(url) as redis:
        for seed in seeds:
            table = traffic.make(seed, requests)
            settings = SelectionSettings()
            ours = Ours(redis, settings, Random(seed), f"seed-{seed}")
            chosen = await _replayed(ours, table)
            regrets.setdefault("ours", []).append(_regret(table, chosen))
            reactions += _reactions(table, chosen)
            explored += ours.explored
            for name, contender in baselines(seed).items():
                regrets.setdefault(name, []).append(
                    _regret(table, await _replayed(contender, table))
                )
            fixed += min([_regret(table, await _replayed(each, table)) for each in every_fixed()])
    ours_alone = regrets.pop("ours")
    best_alone = map(min, zip(*regrets.values(), strict=True))
    ratios = sorted(mine / best for mine, best in zip(ours_alone, best_alone, strict=True))
    means = {name: fmean(found) for name, found in regrets.items()}
    mine = fmean(ours_alone)
    return {
        "regret_ratio": round(mine / min(means.values()), 3),
        "ratio_of_tables": {
            "best": round(ratios[0], 3),
            "median": round(median(ratios), 3),
            "worst": round(ratios[-1], 3),
        },
        "tables_within_aim": round(fmean(each <= AIM for each in ratios), 2),
        "regret_vs_oracle": round(mine, 4),
        "regret_vs_best_fixed": round(mine - fixed / len(seeds), 4),
        "regret_best_fixed": round(fixed / len(seeds), 4),
        **{f"regret_{name}": round(value, 4) for name, value in means.items()},
        **_reaction(reactions),
        "explored_share": round(explored / (len(seeds) * requests), 4),
        "requests": len(seeds) * requests,
    }


def _reaction(found: Sequence[tuple[int, float]]) -> dict[str, float]:
    if not found:
        return {"reactions": 0}
    return {
        "reaction_requests": median(count for count, _ in found),
        "reaction_s": round(median(seconds for _, seconds in found), 1),
        "reactions": len(found),
    }


async def _replayed(contender: Contender, table: Table) -> list[int]:
    """Return whom a contender asked, request by request."""
    endings: list[Ending] = []
    chosen: list[int] = []
    for number, row in enumerate(table.rows):
        while endings and endings[0][0] <= row.at:
            await _ended(contender, table.rows, endings)
        _move(contender, row.at)
        place = await contender.choose(number, row)
        chosen.append(place)
        heapq.heappush(endings, (row.at + row.outcomes[place].seconds, number, place, False))
    return chosen


async def _ended(contender: Contender, rows: Sequence[Row], endings: list[Ending]) -> None:
    at, number, place, is_judgement = heapq.heappop(endings)
    row = rows[number]
    outcome: Recorded = row.outcomes[place]
    _move(contender, at)
    if is_judgement:
        await contender.judged(number, outcome.score)
        return
    await contender.ended(number, place, row, outcome)
    if outcome.succeeded and row.is_judged:
        heapq.heappush(endings, (at + traffic.JUDGED_AFTER_S, number, place, True))


def _move(contender: Contender, now: float) -> None:
    if isinstance(contender, Ours):
        contender.at(now)


def _regret(table: Table, chosen: Sequence[int]) -> float:
    return fmean(
        max(each.worth for each in row.outcomes) - row.outcomes[place].worth
        for row, place in zip(table.rows, chosen, strict=True)
    )


def _reactions(table: Table, chosen: Sequence[int]) -> list[tuple[int, float]]:
    """Return how many requests and seconds passed until a provider that went bad was left."""
    found = []
    for place, drifts in enumerate(table.drifts):
        for drift in drifts:
            first = next((n for n, row in enumerate(table.rows) if row.at >= drift.began), None)
            if drift.kind not in ("slow", "failing") or first is None or first < BEFORE:
                continue
            now = [each.worth for each in table.rows[first].outcomes]
            asked = chosen[first - BEFORE : first].count(place)
            if asked < ASKED or now[place] > max(now) - MATTERS:
                continue
            left = next(
                n for n in range(first, len(chosen)) if chosen[n : n + AFTER].count(place) < LEFT
            )
            found.append((left - first, table.rows[left].at - drift.began))
    return found
