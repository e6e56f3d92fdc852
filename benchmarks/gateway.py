"""Requests over HTTP: an empty route, answers from the cache, and the real-time lane.

Everything runs on this machine, with authentication, limits, cache and metrics on: the Prefect
server, one gateway, one lane process, and the load. `echo` goes through the lane, `kept` comes from
the gateway's memory, and the empty route is one of the same framework and server. Celery answers
the same `echo` over the same Redis, with one worker process.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from benchmarks import _celery
from benchmarks._http_load import Hits, Shot, fire
from benchmarks._platform import START_TIMEOUT_S, STOP_TIMEOUT_S, Servers, platform
from benchmarks._postgres import say
from neurocortex.embedded import ports, process
from neurocortex.embedded.gateway_service import GatewayService
from neurocortex.embedded.lane_service import LaneService
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.security.first_key import make_first_key

PIPELINES: Final = ("flows.pipelines.echo", "benchmarks._kept")

NO_LIMITS: Final = {
    "NEUROCORTEX_GATEWAY__PIPELINES": json.dumps(PIPELINES),
    "NEUROCORTEX_ADMISSION__SHED_ABOVE": "1",  # the load is the point
    **{f"NEUROCORTEX_RATES__{name}": "100000" for name in ("PER_S", "BURST")},
    **{f"NEUROCORTEX_RATES__TENANT_{name}": "100000" for name in ("PER_S", "BURST")},
}
"""The limits are asked all the same."""

CELERY_CALLS: Final = 500

MEGABYTE: Final = 2**20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=16, help="connections of a throughput")


def run(options: argparse.Namespace) -> Mapping[str, float]:
    """Measure; keys end in their units, `fraction` is of the empty route's rate."""
    with platform() as servers, _served(servers) as (url, headers, gateway):
        noop = _noop(servers, options)

        def shoot(operation: str, clients: int) -> Hits:
            say(f"{operation} at {clients} clients")
            body = json.dumps({"operation": operation, "text": "hi"})
            shot = Shot(
                f"{url}/v1/requests",
                clients,
                options.seconds,
                method="POST",
                headers=headers,
                body=body,
            )
            return fire(shot)

        cached = shoot("kept", options.clients)
        shoot("echo", options.clients)  # fills what is filled once
        before = gateway.memory_info().rss
        real, alone = shoot("echo", options.clients), shoot("echo", 1)
        served = (real.per_s + alone.per_s) * options.seconds
        grown = (gateway.memory_info().rss - before) / MEGABYTE
        celery = _celery_figures(servers)
        return {
            "noop_rps": noop.per_s,
            "cached_rps": cached.per_s,
            "cached_fraction": cached.per_s / noop.per_s,
            "realtime_rps": real.per_s,
            "realtime_fraction": real.per_s / noop.per_s,
            "realtime_p50_ms_c1": alone.p50_ms,
            f"realtime_p99_ms_c{options.clients}": real.p99_ms,
            "rss_growth_mb_per_100k": grown / served * 100_000,
            **celery,
        }


def _noop(servers: Servers, options: argparse.Namespace) -> Hits:
    say("the empty route")
    port = ports.free()
    argv = (sys.executable, "-m", "benchmarks._noop", str(port))
    with _process(Command(argv, servers.environment, servers.logs / "noop.log")):
        _wait(lambda: not ports.is_free(port), servers.logs / "noop.log")
        return fire(Shot(f"http://{ports.HOST}:{port}/", options.clients, options.seconds))


@contextmanager
def _served(servers: Servers) -> Iterator[tuple[str, Mapping[str, str], psutil.Process]]:
    """Yield the address of a gateway, the headers that it wants, and its process."""
    environment = {**servers.environment, **NO_LIMITS}
    lane = LaneService(environment, servers.logs / "lane.log", servers.redis_url).service()
    log = servers.logs / "gateway.log"
    gateway = GatewayService(environment, log, ports.free(), ports.free()).service()
    say("starting the lane and the gateway")
    with _process(lane.command()), _process(gateway.command()) as pid:
        for service in (lane, gateway):
            _wait_for(service)
        key = make_first_key(environment["NEUROCORTEX_DATABASE_URL"])
        shown = key.get_secret_value() if key is not None else ""
        yield gateway.address, {"Authorization": f"Bearer {shown}"}, psutil.Process(pid)


def _celery_figures(servers: Servers) -> Mapping[str, float]:
    say("Celery")
    # It wants a database's number where we name one, and no other of ours.
    environment = {**servers.environment, _celery.REDIS: servers.redis_url}
    os.environ[_celery.REDIS] = servers.redis_url
    _celery.app.conf.update(broker_url=servers.redis_url, result_backend=servers.redis_url)
    log = servers.logs / "celery.log"
    argv: Sequence[str] = (
        *(sys.executable, "-m", "celery", "-A", "benchmarks._celery", "worker"),
        *("--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle"),
    )
    with _process(Command(tuple(argv), environment, log)):
        _celery.round_trip_ms(50)  # waits for the worker, and warms it up
        return {
            "celery_rtt_p50_ms": _celery.round_trip_ms(CELERY_CALLS),
            "celery_tasks_per_s": _celery.per_s(CELERY_CALLS * 4),
        }


@contextmanager
def _process(command: Command) -> Iterator[int]:
    child = process.spawn(command)
    try:
        yield child.pid
    finally:
        process.stop(child, signal.SIGTERM, STOP_TIMEOUT_S)


def _wait_for(service: Service) -> None:
    _wait(service.is_ready, service.log)


def _wait(is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if time.monotonic() > deadline:
            sys.exit(f"It did not start:\n{process.tail(log)}")
        time.sleep(process.POLL_S)
