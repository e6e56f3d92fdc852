"""How fairly the tiers share simulated slots under ten times more work than they can do.

The scheduler's real rules (choose and allocate, once a simulated second, two workers of eight
slots) against first come first served (`fcfs_`) and strict priority (`strict_`), which let the
first run of their one queue hold up the rest until it fits. All replay the same arrivals: those
of a CSV file as Azure publishes them, or, without one, bursts made up with a fixed seed; how a
request becomes a run is told in `_arrivals.as_runs`. In the first sixth only medium and low
arrive and borrow what the others leave. The figures are of the time from when all four tiers have
runs waiting to when one of them, under the real rules, has none; the same time for all three.

`share_error`: the largest relative error of a tier's share of the cpu-seconds of all runs started,
against its weight's share. `low_tier_max_wait_ratio`: the longest time in which runs of the tier
low waited and none was started, over the mean such time if low got exactly its share.
`reclaim_s`: the longest time, over the whole replay, from the end of a run in a slot that was lent
(its tier used more than it was entitled to while another waited for less than that) to the start
of a run of a tier within its entitlement. `utilisation`: share of slot-seconds in which a run ran.
`starved_tenants`: tenants of a tier that had runs waiting all the time and none was started, where
their fair part of the capacity would have paid for two of the dearest runs.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks import _arrivals
from benchmarks._arrivals import TENANTS
from benchmarks._cluster import SLOTS, Cluster, FairShare, InOrder, Record
from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Work
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, TierSettings

OVERLOAD: Final = 10.0
QUICK: Final = 1000
"""Requests of a quick replay: the share of low is then a few dozen runs, and coarse."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument(
        "path", nargs="?", type=Path, help="CSV: TIMESTAMP,ContextTokens,GeneratedTokens"
    )
    parser.add_argument("--quick", action="store_true", help=f"the first {QUICK} requests only")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Replay the arrivals three times and return the figures."""
    requests = _arrivals.make() if options.path is None else _arrivals.read(options.path)
    if options.quick:
        requests = requests[:QUICK]
    runs = _arrivals.as_runs(requests, SLOTS, OVERLOAD)
    policy = Policy.of(TierSettings(), SchedulingSettings())
    ours = Cluster(FairShare(policy), policy).simulate(runs, until=None)
    window = ours.backlogged
    fcfs = Cluster(InOrder(by_tier=False), policy).simulate(runs, until=window[1])
    strict = Cluster(InOrder(by_tier=True), policy).simulate(runs, until=window[1])
    return {
        **_figures("", ours, runs, policy, window),
        **_figures("fcfs_", fcfs, runs, policy, window),
        **_figures("strict_", strict, runs, policy, window),
        "requests": len(runs),
        "slots": SLOTS,
        "overload": OVERLOAD,
        "backlogged_s": window[1] - window[0],
        "trace": "made up" if options.path is None else options.path.name,
    }


def _figures(
    prefix: str, record: Record, runs: list[Work], policy: Policy, window: tuple[float, float]
) -> dict[str, float | int | str]:
    served = _started(record, window)
    total = sum(served.values())
    weights = sum(policy.weights.values())
    errors = [abs(served[tier] / total / (policy.weights[tier] / weights) - 1) for tier in Tier]
    low = policy.weights[Tier.LOW] / weights
    began, ended = window
    return {
        f"{prefix}share_error": round(max(errors), 4),
        f"{prefix}low_tier_max_wait_ratio": round(_low_wait_ratio(record, runs, low, window), 2),
        f"{prefix}reclaim_s": round(record.reclaim_s, 2),
        f"{prefix}utilisation": round(_busy(record, window) / (SLOTS * (ended - began)), 4),
        f"{prefix}starved_tenants": _starved(record, runs, policy, window),
        f"{prefix}started": sum(began <= one.start < ended for one in record.runs),
    }


def _started(record: Record, window: tuple[float, float]) -> dict[Tier, float]:
    """Return the cpu-seconds of the runs of each tier that were started in this time."""
    costs = dict.fromkeys(Tier, 0.0)
    for one in record.runs:
        if window[0] <= one.start < window[1]:
            costs[one.work.tier] += one.work.cost
    return costs


def _busy(record: Record, window: tuple[float, float]) -> float:
    """Return the slot-seconds in which a run ran: of each what falls into the time."""
    began, ended = window
    return sum(max(0.0, min(one.end, ended) - max(one.start, began)) for one in record.runs)


def _low_wait_ratio(
    record: Record, runs: list[Work], share: float, window: tuple[float, float]
) -> float:
    """Return the longest time without a start of low over the mean at its share."""
    began, ended = window
    starts = [one.start for one in record.runs if one.work.tier is Tier.LOW]
    times = [began, *(start for start in starts if began < start < ended), ended]
    longest = max(later - earlier for earlier, later in pairwise(times))
    costs = [work.cost for work in runs if work.tier is Tier.LOW]
    return longest / (sum(costs) / len(costs) / (share * SLOTS))


def _starved(record: Record, runs: list[Work], policy: Policy, window: tuple[float, float]) -> int:
    """Return how many tenants of a tier waited all the time in vain, though it was long enough."""
    began, ended = window
    started = [one for one in record.runs if one.start < ended]
    before_the_end = {one.work.id for one in started}
    capacity = SLOTS * (ended - began) / sum(policy.weights.values()) / TENANTS
    dearest = max(work.cost for work in runs)
    long_enough = {tier for tier in Tier if capacity * policy.weights[tier] > 2 * dearest}
    waited = {
        (work.tier, work.tenant)
        for work in runs
        if work.since < began and work.id not in before_the_end and work.tier in long_enough
    }
    return len(waited - {(one.work.tier, one.work.tenant) for one in started if one.start >= began})
