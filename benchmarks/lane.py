"""The real-time lane alone: round trips from a client in this process to a lane process and back.

Everything is as in production but HTTP: the admission, Redis, another process. `echo` has one
async task, `embed` one batched plain function that embeds a text by LSA. Processor time is that of
one request, in the process named. At the end one of two lane processes is killed under load:
`takeover_s` is until the last call that was on its way then is answered, `lost` how many are not.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil
import uvloop
from redis.asyncio import Redis

from benchmarks._postgres import say
from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.embedded import ports, process
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.errors import NeuroCortexError
from neurocortex.realtime import layout
from neurocortex.realtime.call import Call
from neurocortex.realtime.client import LaneClient
from neurocortex.routing.route import Lane

TIMEOUT_S: Final = 30.0
START_TIMEOUT_S: Final = 60.0
PIPELINES: Final = "flows.pipelines.echo,benchmarks._lane_embed,benchmarks._slow"
BODIES: Final = {
    "echo": json.dumps({"operation": "echo", "text": "What are the four priority tiers?"}),
    "embed": json.dumps({"operation": "embed", "text": "lane01 tier02 queue11 slot20 lease13"}),
}
CONSUMER: Final = "measured"
OTHER: Final = "killed"

SLOW: Final = json.dumps({"operation": "slow", "seconds": 0.2}).encode()
"""While the other process is killed: it holds some of them at every moment."""

KILL_CLIENTS: Final = 64
BEFORE_KILL_S: Final = 2.0
AFTER_KILL_S: Final = 8.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--operations", nargs="+", default=list(BODIES), choices=list(BODIES))


def run(options: argparse.Namespace) -> Mapping[str, Mapping[str, float]]:
    """Measure each operation with each number of clients."""
    with tempfile.TemporaryDirectory() as folder, _redis(Path(folder)) as url, _lane(url) as lane:
        return uvloop.run(_measured(url, lane, options))


async def _measured(
    url: str, lane: psutil.Process, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    async with Redis.from_url(url) as redis:
        await _alive(redis, CONSUMER)
        admission = Admission(redis, Limits(tenant_share=1.0, shed_above=1.0))
        async with LaneClient(redis, admission, TIMEOUT_S) as client:
            for operation in options.operations:
                await _load(client, operation, 16, 1.0)  # what is imported late, and caches
                for clients in options.clients:
                    say(f"{operation}, {clients} clients")
                    before, ours = _cpu(lane), _own_cpu()
                    times = await _load(client, operation, clients, options.seconds)
                    count = len(times)
                    figures[f"{operation}_c{clients}"] = {
                        "per_s": round(count / options.seconds),
                        "p50_ms": round(_share(times, 0.5) * 1000, 2),
                        "p99_ms": round(_share(times, 0.99) * 1000, 2),
                        "lane_cpu_us": round((_cpu(lane) - before) / count * 1e6),
                        "client_cpu_us": round((_own_cpu() - ours) / count * 1e6),
                    }
            say("a process is killed")
            with _lane(url, OTHER) as other:
                await _alive(redis, OTHER)
                figures["killed"] = await _killed(client, other)
    return figures


async def _alive(redis: Redis, consumer: str) -> None:
    while not await redis.exists(f"{layout.NAMESPACE}:{layout.alive(consumer)}"):
        await asyncio.sleep(0.1)


async def _killed(client: LaneClient, victim: psutil.Process) -> dict[str, float]:
    calls: list[tuple[float, float]] = []
    """When each began, and when it was answered."""
    lost = 0
    ends = time.perf_counter() + BEFORE_KILL_S + AFTER_KILL_S

    async def one() -> None:
        nonlocal lost
        while (began := time.perf_counter()) < ends:
            call = Call(uuid4(), "slow", SLOW, "default", Tier.HIGH)
            try:
                await client.call(call, Ticket(call.id, Lane.REALTIME, Tier.HIGH, "default", 0.2))
            except NeuroCortexError:
                lost += 1
            calls.append((began, time.perf_counter()))

    async with asyncio.TaskGroup() as group:
        for _ in range(KILL_CLIENTS):
            group.create_task(one())
        await asyncio.sleep(BEFORE_KILL_S)
        victim.kill()
        killed = time.perf_counter()
    waited = [ended - killed for began, ended in calls if began <= killed < ended]
    return {"calls": len(calls), "lost": lost, "takeover_s": round(max(waited), 2)}


async def _load(client: LaneClient, operation: str, clients: int, seconds: float) -> list[float]:
    body = BODIES[operation].encode()
    times: list[float] = []
    ends = time.perf_counter() + seconds

    async def one() -> None:
        while (began := time.perf_counter()) < ends:
            call = Call(uuid4(), operation, body, "default", Tier.HIGH)
            await client.call(call, Ticket(call.id, Lane.REALTIME, Tier.HIGH, "default", 0.001))
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(one() for _ in range(clients)))
    return times


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    server = RedisServer(folder / "data", folder / "log", ports.free(), "measured")
    child = process.spawn(server.command())
    try:
        while not server.is_ready():
            time.sleep(process.POLL_S)
        yield server.url(0)
    finally:
        child.terminate()
        child.wait()


@contextmanager
def _lane(url: str, consumer: str = CONSUMER) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "benchmarks._lane_process", url, consumer, PIPELINES]
    child = subprocess.Popen(command)
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(START_TIMEOUT_S)


def _cpu(measured: psutil.Process) -> float:
    times = measured.cpu_times()
    return float(times.user + times.system)


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _share(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]
