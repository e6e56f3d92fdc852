"""How fast runs start and how many complete a second, against Prefect's own process worker.

One after the other, on one PostgreSQL, Redis and Prefect server in a temporary folder: Prefect's
worker (`prefect worker start --type process`, with Prefect's own settings, except that it looks for
runs every second, and a limit of four runs at once) and ours (four slots), with the same trivial
flow, and under `heavy_imports` with one whose module imports pandas and Great Expectations. The
first runs of each flow after a worker started, and the imports of our worker's zygote, are warm-up
and not counted.

`..._start_p50_s`: from before the API call that submits a run to the timestamp of its first state
Running, one run at a time. Ours are announced over Redis, as NeuroCortex's own clients do;
`neurocortex_unannounced_start_p50_s` is of runs the worker has to find by itself, as those
from the UI. `..._runs_per_s`: many runs submitted at once, over the time from before the first
submission to the end of the last. `..._cpu_s_per_run`, of the same runs: the processor time
of the whole platform, and under `..._cpu_s_per_run_of_PART` what each server, the worker, its
zygote and the processes of the runs took of it. It is what limits the rate once all cores are busy,
`cpu_ratio` compares it, and other load on the machine changes it less.

`high_start_behind_2000_s`: with 1000 runs of the tier medium and 1000 of low waiting and every slot
they may have in use, from the end of the queued run that ends next after a run of the tier high is
submitted to its first state Running; the median, and `..._max_s` the longest.

Memory is the proportional set size: `..._idle_worker_mb` of a worker that waits, with its zygote;
`memory_per_warm_run_mb` (ours) and `prefect_memory_per_run_mb` what one more run adds that only
waits.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import certifi
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from redis.asyncio import Redis

from benchmarks import _behind
from benchmarks._cpu import Meter
from benchmarks._platform import Servers, family, platform, start_worker, stop_worker
from benchmarks._postgres import say
from benchmarks._runs import POLL_S, Target, deploy, ended, make_process_pool, read
from deployments import pools
from neurocortex.domain.deployments import Tier
from neurocortex.ledger.wakes import Wakes
from neurocortex.settings import TierSettings

AT_ONCE: Final = 4
"""Slots of our worker, and the limit of Prefect's."""

PROCESS_POOL: Final = "process"
OUR_POOL: Final = Tier.CRITICAL.value
"""Of the default pools the one that may use all slots: the others leave it a reserve."""

TRIVIAL: Final = "benchmarks._flows.trivial"
WAITING: Final = "benchmarks._flows.waiting"
HEAVY: Final = "benchmarks._heavy_flow.heavy"

PREFECT_WORKER: Final = (
    *("prefect", "worker", "start", "--type", "process"),
    *("--pool", PROCESS_POOL, "--limit", str(AT_ONCE)),
)

AS_SHIPPED: Final = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "true",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    "PREFECT_API_SSL_CERT_FILE": certifi.where(),
}
"""Prefect's defaults for its worker and runs, where the platform sets others to be faster; and
the shorter of its pauses: 15 s as shipped."""

WAIT_S: Final = 8.0
"""So long the runs wait whose memory is measured."""
SETTLED_S: Final = 1.0
IDLE_SHARE: Final = 0.25
"""A worker is warm when it and its children take less than this share of a core for a second:
what they then do is to look for runs."""
POLL_OF_OURS_S: Final = 0.5
"""Unannounced runs are submitted at any moment between two looks of our worker."""

Values = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    ours: int = 20
    theirs: int = 5
    unannounced: int = 10
    our_burst: int = 60
    their_burst: int = 12
    warm_up: int = 2
    queued: int = 1000
    behind: int = 9


QUICK: Final = Sizes(
    ours=5, theirs=1, unannounced=3, our_burst=12, their_burst=4, warm_up=1, queued=100, behind=2
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--quick", action="store_true", help="a few runs of each kind only")


def run(options: argparse.Namespace) -> dict[str, float | int | str | Values]:
    """Measure both workers and return the figures."""
    with platform() as servers, temporary_settings({PREFECT_API_URL: servers.api_url}):
        return asyncio.run(_measure(servers, QUICK if options.quick else Sizes()))


async def _measure(servers: Servers, sizes: Sizes) -> dict[str, float | int | str | Values]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(get_client())
        redis = await stack.enter_async_context(Redis.from_url(servers.redis_url))
        await pools.apply(client, TierSettings())
        await make_process_pool(client, PROCESS_POOL)
        theirs = await _theirs(servers, client, sizes)
        ours = await _ours(servers, client, Wakes(redis), sizes)
        behind = await _behind_queues(servers, client, Wakes(redis), sizes)
    load = os.getloadavg()[0]
    return {
        **_compared(theirs[TRIVIAL], ours[TRIVIAL]),
        "heavy_imports": _compared(theirs[HEAVY], ours[HEAVY]),
        **theirs[WAITING],
        **ours[WAITING],
        **behind,
        "runs_at_once": AT_ONCE,
        "runs_timed": sizes.ours,
        "prefect_runs_timed": sizes.theirs,
        "burst": sizes.our_burst,
        "prefect_burst": sizes.their_burst,
        "cores": os.cpu_count() or 1,
        "load_at_end": round(load, 2),
    }


async def _theirs(servers: Servers, client: PrefectClient, sizes: Sizes) -> dict[str, Values]:
    """Return the figures of Prefect's worker, by flow."""
    found: dict[str, Values] = {}
    with _worker(servers, PROCESS_POOL, *PREFECT_WORKER, more=AS_SHIPPED) as worker:
        alone = await _warm(worker)
        for entrypoint in (TRIVIAL, HEAVY):
            target = await deploy(client, entrypoint, PROCESS_POOL)
            starts = await _starts(target, sizes.warm_up, sizes.theirs)
            say(f"Prefect's worker: {sizes.their_burst} runs at once")
            found[entrypoint] = {
                "prefect_start_p50_s": _median(starts),
                **await _burst("prefect", servers, worker, target, sizes.their_burst),
            }
        idle, each = await _memory(client, worker, alone, PROCESS_POOL, 1)
    found[WAITING] = {"prefect_idle_worker_mb": idle, "prefect_memory_per_run_mb": each}
    return found


async def _ours(
    servers: Servers, client: PrefectClient, wakes: Wakes, sizes: Sizes
) -> dict[str, Values]:
    """Return the figures of our worker, by flow."""
    found: dict[str, Values] = {}
    slots = {"NEUROCORTEX_WORKER__SLOTS": str(AT_ONCE)}
    with _worker(servers, OUR_POOL, "neurocortex.worker", OUR_POOL, more=slots) as worker:
        alone = await _warm(worker)
        for entrypoint in (TRIVIAL, HEAVY):
            target = await deploy(client, entrypoint, OUR_POOL, wakes)
            starts = await _starts(target, sizes.warm_up, sizes.ours)
            silent = Target(client, target.id, OUR_POOL, None)
            unannounced = await _starts(silent, 0, sizes.unannounced)
            say(f"our worker: {sizes.our_burst} runs at once")
            found[entrypoint] = {
                "neurocortex_start_p50_s": _median(starts),
                "neurocortex_start_p95_s": _p95(starts),
                "neurocortex_unannounced_start_p50_s": _median(unannounced),
                **await _burst("neurocortex", servers, worker, target, sizes.our_burst),
            }
        idle, each = await _memory(client, worker, alone, OUR_POOL, AT_ONCE)
    found[WAITING] = {"neurocortex_idle_worker_mb": idle, "memory_per_warm_run_mb": each}
    return found


async def _behind_queues(
    servers: Servers, client: PrefectClient, wakes: Wakes, sizes: Sizes
) -> Values:
    """Return how soon runs of the tier high start while the tiers below have long queues."""
    slots = {"NEUROCORTEX_WORKER__SLOTS": str(AT_ONCE)}
    every = [tier.value for tier in Tier]
    queues = await _behind.fill(client, servers.prefect_database_url, sizes.queued)
    with _worker(servers, "all", "neurocortex.worker", *every, more=slots):
        starts = await _behind.starts(queues, wakes, sizes.behind)
    return {
        "high_start_behind_2000_s": _median(starts),
        "high_start_behind_2000_max_s": round(max(starts), 3),
        "high_queued": sizes.queued,
    }


async def _burst(
    whose: str, servers: Servers, worker: subprocess.Popen[bytes], target: Target, count: int
) -> Values:
    """Return how many runs complete per second when many are submitted at once, and their cost."""
    meter = Meter(servers.pids, worker.pid)
    rate = await target.runs_per_s(count)
    name = f"{whose}_cpu_s_per_run"
    parts = await meter.per_run(count)
    return {
        f"{whose}_runs_per_s": round(rate, 3),
        name: round(sum(parts.values()), 3),
        **{f"{name}_of_{part}": round(cost, 3) for part, cost in parts.items()},
    }


def _compared(theirs: Values, ours: Values) -> Values:
    """Return both, and how many times better ours are."""
    start = float(theirs["prefect_start_p50_s"]) / float(ours["neurocortex_start_p50_s"])
    rate = float(ours["neurocortex_runs_per_s"]) / float(theirs["prefect_runs_per_s"])
    cost = float(theirs["prefect_cpu_s_per_run"]) / float(ours["neurocortex_cpu_s_per_run"])
    return {
        **theirs,
        **ours,
        "start_ratio": round(start, 1),
        "throughput_ratio": round(rate, 1),
        "cpu_ratio": round(cost, 1),
    }


@contextmanager
def _worker(
    servers: Servers, pool: str, *module: str, more: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on a pool; it may still be importing."""
    say(f"starting python -m {' '.join(module)}")
    with ExitStack() as stack:
        worker = start_worker(servers, f"worker-{pool}", *module, more=more)
        stack.callback(stop_worker, worker)
        yield worker


async def _warm(worker: subprocess.Popen[bytes]) -> int:
    """Wait until a worker and its children have imported what they import, and rest; return how
    many processes they are."""
    used = _cpu_s(worker.pid)
    while True:
        await asyncio.sleep(SETTLED_S)
        before, used = used, _cpu_s(worker.pid)
        if used - before < IDLE_SHARE * SETTLED_S:
            return len(family(worker.pid))


async def _starts(target: Target, warm_up: int, count: int) -> list[float]:
    """Return how long runs took to start, one after the other."""
    moments = random.Random(0)
    starts = []
    for number in range(warm_up + count):
        await asyncio.sleep(moments.uniform(0, POLL_OF_OURS_S))
        took = await target.start_s()
        say(f"{target.pool}: started after {took:.2f} s{' (warm-up)' * (number < warm_up)}")
        starts.append(took)
    return starts[warm_up:]


async def _memory(
    client: PrefectClient, worker: subprocess.Popen[bytes], alone: int, pool: str, count: int
) -> tuple[float, float]:
    """Return the MB of an idle worker, and what each of some runs that only wait adds."""
    target = await deploy(client, WAITING, pool)
    while len(family(worker.pid)) > alone:  # a run's process ends some time after the run
        await asyncio.sleep(POLL_S)
    idle = _pss_mb(worker.pid)
    runs = [(await target.submit(seconds=WAIT_S)).id for _ in range(count)]
    while any(run.state_type is not StateType.RUNNING for run in await read(client, runs)):
        await asyncio.sleep(POLL_S)
    busy = _pss_mb(worker.pid)
    await ended(client, runs)
    return round(idle, 1), round((busy - idle) / count, 1)


def _pss_mb(pid: int) -> float:
    return float(sum(each.memory_full_info().pss for each in family(pid))) / 2**20


def _cpu_s(pid: int) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in family(pid))


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 3)


def _p95(values: list[float]) -> float:
    return round(statistics.quantiles(values, n=20, method="inclusive")[-1], 3)
