"""Whether runs, slots or limits are lost when runs, workers and Redis are killed under load.

Two workers of three slots serve the four pools of one platform in a temporary folder, while short
runs of all tiers and three tenants are submitted, of deployments that have lost runs restarted and
of others, and of one that may run once at a time. In each round, after a random pause, one is
killed with SIGKILL: the process of a run, a worker (started again after a moment), or Redis
(started again, with or without its data). The seed is fixed, so the rounds are the same each time.
Then nothing more is submitted, and what is left has time to end.

All must be 0: `lost_runs`, still scheduled, pending or running at the deadline, or Completed though
the flow has not noted its end; `leaked_slots`, held in the ledger though no run is left;
`double_completions`, runs whose flow noted its end twice; `over_admissions`, samples (ten a second)
in which a worker had more processes or leases than slots, a deployment more runs than its limit, or
a run two processes. `killed_before_report` is no double completion: our kill hit the process after
its flow's last line and before it could report its end, and the deployment says that its runs may
run twice.
"""

import argparse
import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from redis.asyncio import Redis

from benchmarks import _chaos_book
from benchmarks._chaos_load import LIMIT, LIMITED, NOT_ENDED, Load
from benchmarks._chaos_watch import Watch
from benchmarks._chaos_workers import COUNT, Workers
from benchmarks._platform import Servers, platform
from benchmarks._postgres import say
from deployments import pools
from neurocortex.errors import LedgerUnavailableError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.wakes import Wakes
from neurocortex.settings import TierSettings

SEED: Final = 3
ROUNDS: Final = 50

CALM_S: Final = (0.5, 3.0)
"""Between two rounds, and until something runs."""
AWAY_S: Final = (0.3, 3.0)
"""So long a worker or Redis is gone."""

AT_WORK_SHARE: Final = 0.7
"""Of the kills wait until a flow has begun; the others hit runs that only start, too."""

QUIET_S: Final = 120.0
"""The deadline: a lease, a look of the reconciler and a restart take half a minute together."""
FREED_S: Final = 20.0
POLL_S: Final = 0.2


class Kind(StrEnum):
    """What is killed."""

    RUN = "run"
    WORKER = "worker"
    REDIS = "redis"
    REDIS_AND_DATA = "redis_and_data"


QUICK: Final = (Kind.RUN, Kind.WORKER, Kind.REDIS)
WEIGHTS: Final = {Kind.RUN: 5, Kind.WORKER: 5, Kind.REDIS: 2, Kind.REDIS_AND_DATA: 2}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    parser.add_argument("--quick", action="store_true", help=f"{len(QUICK)} rounds only")


def run(options: argparse.Namespace) -> dict[str, float | int | str]:
    """Kill, wait, and count."""
    chance = random.Random(options.seed)
    kinds = list(QUICK) if options.quick else _kinds(chance, options.rounds)
    with platform() as servers, temporary_settings({PREFECT_API_URL: servers.api_url}):
        return asyncio.run(_measure(servers, chance, kinds))


def _kinds(chance: random.Random, rounds: int) -> list[Kind]:
    return chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=rounds)


async def _measure(
    servers: Servers, chance: random.Random, kinds: list[Kind]
) -> dict[str, float | int | str]:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(get_client())
        redis = Redis.from_url(servers.redis_url, decode_responses=True)
        await stack.enter_async_context(redis)
        await pools.apply(client, TierSettings())
        load = Load(client, Wakes(redis), servers.folder / "book", chance)
        await load.deploy()
        workers = Workers(servers)
        stack.callback(workers.stop)
        for number in range(COUNT):
            workers.start(number)
        ledger = Ledger(redis)
        limits = {LIMITED: LIMIT}
        watch = Watch(workers, ledger, load.book, limits, load.deployments)
        watching = asyncio.create_task(watch.go_on())
        await _rounds(servers, workers, load, chance, kinds)
        await _quiet(load)
        leaked = await _leaked(ledger)
        watching.cancel()
        figures = await _counted(load, workers)
        return {
            "lost_runs": figures.pop("lost_runs"),
            "leaked_slots": leaked,
            "double_completions": figures.pop("double_completions"),
            "over_admissions": sum(watch.excesses.values()),
            "rounds": len(kinds),
            **{f"kills_of_{kind}": count for kind, count in Counter(kinds).items()},
            **figures,
            "samples": watch.samples,
            "seconds": round(time.monotonic() - began, 1),
        }


async def _rounds(
    servers: Servers, workers: Workers, load: Load, chance: random.Random, kinds: list[Kind]
) -> None:
    """Kill, under load."""
    loading = asyncio.create_task(load.go_on())
    for number, kind in enumerate(kinds, 1):
        await asyncio.sleep(chance.uniform(*CALM_S))
        await _victims(workers, load, at_work=chance.random() < AT_WORK_SHARE)
        say(f"round {number}: kill {kind}")
        match kind:
            case Kind.RUN:
                workers.kill_a_run(chance)
            case Kind.WORKER:
                one = chance.randrange(COUNT)
                workers.kill(one)
                await asyncio.sleep(chance.uniform(*AWAY_S))
                workers.start(one)
            case Kind.REDIS | Kind.REDIS_AND_DATA:
                servers.kill_redis(with_its_data=kind is Kind.REDIS_AND_DATA)
                await asyncio.sleep(chance.uniform(*AWAY_S))
                servers.start_redis()
    loading.cancel()
    await asyncio.wait({loading})


async def _victims(workers: Workers, load: Load, *, at_work: bool) -> None:
    """Wait until a run has a process, or until a flow has begun: a kill is to hit something."""
    while not any(pids for _, pids in workers.runs()) or (
        at_work and not _chaos_book.at_work(_chaos_book.read(load.book))
    ):
        await asyncio.sleep(POLL_S)


async def _quiet(load: Load) -> None:
    """Wait until every run has ended, or for the deadline."""
    deadline = time.monotonic() + QUIET_S
    while time.monotonic() < deadline:
        try:
            left = await load.runs(NOT_ENDED)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            say(f"Prefect does not answer: {error!r}")
        else:
            if not left:
                return
            say(f"{len(left)} runs have not ended yet")
        await asyncio.sleep(POLL_S * 10)


async def _leaked(ledger: Ledger) -> int:
    """Return how many slots are held though all runs have ended, some seconds later."""
    deadline = time.monotonic() + FREED_S
    while True:
        try:
            held = max(len(await ledger.leases()), (await ledger.usage("")).used)
        except LedgerUnavailableError as error:
            say(str(error))
        else:
            if held == 0 or time.monotonic() > deadline:
                return held
        await asyncio.sleep(POLL_S)


async def _counted(load: Load, workers: Workers) -> dict[str, int]:
    """Compare what Prefect believes with what the runs wrote down."""
    runs = await load.runs()
    marks = _chaos_book.read(load.book)
    begins, ends = _chaos_book.begins(marks), _chaos_book.ends(marks)
    states = Counter(run.state_type for run in runs)
    lost = [run for run in runs if run.state_type in NOT_ENDED]
    lost += [run for run in runs if run.state_type is StateType.COMPLETED and run.id not in ends]
    for each in lost:
        say(f"lost: {each.id} {each.name} {each.state}")
    double = excused = 0
    for run_id, done in ends.items():
        if len(done) < 2:
            continue
        history = await load.client.read_flow_run_states(run_id)
        completed = sum(state.type is StateType.COMPLETED for state in history)
        if completed < 2 and all(mark.pid in workers.doomed for mark in done[:-1]):
            excused += 1
        else:
            double += 1
            say(f"completed twice: {run_id} {done} {[(s.name, s.timestamp) for s in history]}")
    return {
        "lost_runs": len(lost),
        "double_completions": double,
        "killed_before_report": excused,
        "runs": len(runs),
        "restarts": begins.total() - len(begins),
        **{f"runs_{kind.value.lower()}": states[kind] for kind in states if kind},
    }
