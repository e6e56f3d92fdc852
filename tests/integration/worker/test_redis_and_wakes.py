"""Redis carries the wake-up calls and the ledger; a run survives the loss of both."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
import redis
from redis.asyncio import Redis

from neurocortex.embedded import ports, process
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
from neurocortex.ledger.ledger import Ledger

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

POOL: Final = "called"
POLL_S: Final = 60.0


class MortalRedis:
    """A Redis of the tests' own, to be killed and emptied."""

    def __init__(self, platform: "Platform", folder: Path) -> None:
        self._server = RedisServer(folder / "data", folder / "log", ports.free(), "of-the-test")
        self._platform = platform
        self.url = self._server.url(PLATFORM_DATABASE)
        self.start()

    def start(self) -> None:
        self._child = process.spawn(self._server.service().command())
        self._platform.until(self._server.is_ready, "Redis starts")

    def kill(self) -> None:
        process.stop(self._child, signal.SIGKILL, timeout_s=10)


@pytest.fixture(scope="module")
def mortal_redis(
    platform: "Platform", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MortalRedis]:
    redis = MortalRedis(platform, tmp_path_factory.mktemp("redis"))
    yield redis
    redis.kill()


@pytest.fixture(scope="module")
def worker(platform: "Platform", mortal_redis: MortalRedis) -> Iterator["Worker"]:
    """A worker that would look for runs once a minute, if nobody called it."""
    platform.make_pool(POOL)
    settings = {"poll_s": POLL_S, "lease_s": 3.0}
    with platform.worker(mortal_redis.url, POOL, **settings) as worker:
        first = platform.start(platform.deploy("add", POOL), numbers=[1])
        platform.result(first)  # found when it came up
        yield worker


class Waiting:
    """A run that goes on until it may end."""

    def __init__(self, platform: "Platform", worker: "Worker", trace: Path) -> None:
        self._platform = platform
        self._trace = trace
        self.run: UUID = platform.start(platform.deploy("wait", POOL), trace=trace)
        worker.announce(POOL)
        platform.until((trace / f"{self.run}.began").exists, "it runs")
        platform.until(lambda: worker.holds() == {self.run}, "the runs before it have ended")

    def end(self) -> None:
        (self._trace / "open").touch()
        self._platform.reaches(self.run, "Completed")


def test_a_call_starts_a_run_well_before_the_next_look(
    platform: "Platform", worker: "Worker", tmp_path: Path
) -> None:
    deployed = platform.deploy("linger", POOL)
    run = platform.start(deployed, trace=tmp_path, seconds=0)
    called = time.monotonic()
    worker.announce(POOL)
    platform.reaches(run, "Completed")
    assert time.monotonic() - called < POLL_S / 3


def test_a_run_that_is_called_while_the_ledger_grants_nothing_starts_when_it_does(
    platform: "Platform", worker: "Worker", tmp_path: Path
) -> None:
    """Nobody calls then: the worker asks again by itself."""

    async def close() -> None:
        async with Redis.from_url(worker.redis_url, decode_responses=True) as client:
            await Ledger(client, grace_s=2.0).close(lease_s=3.0)

    deployed = platform.deploy("linger", POOL)
    asyncio.run(close())
    closed = time.monotonic()
    run = platform.start(deployed, trace=tmp_path, seconds=0)
    worker.announce(POOL)
    platform.reaches(run, "Completed")
    assert 2.0 < time.monotonic() - closed < POLL_S / 3


def test_a_run_goes_on_when_redis_loses_everything(
    platform: "Platform", worker: "Worker", mortal_redis: MortalRedis, tmp_path: Path
) -> None:
    waiting = Waiting(platform, worker, tmp_path)
    (before,) = worker.leases()
    with redis.Redis.from_url(mortal_redis.url) as client:
        client.flushall()
    platform.until(lambda: worker.holds() == {waiting.run}, "its lease is entered again")
    (after,) = worker.leases()
    assert after.token > before.token
    waiting.end()
    platform.until(lambda: not worker.leases(), "its slot is free")


def test_a_run_goes_on_while_redis_is_away(
    platform: "Platform", worker: "Worker", mortal_redis: MortalRedis, tmp_path: Path
) -> None:
    """The ledger was lost just before: for some seconds it grants nothing to anybody."""
    began = time.monotonic()
    waiting = Waiting(platform, worker, tmp_path)
    mortal_redis.kill()
    waiting.end()
    mortal_redis.start()
    platform.until(lambda: not worker.leases(), "its slot is free")
    (trace := tmp_path / "next").mkdir()
    Waiting(platform, worker, trace).end()
    assert time.monotonic() - began < POLL_S / 2, "no run waited for a poll"
