"""What becomes of runs whose worker is told to stop, and of those whose worker is killed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest

from neurocortex.embedded.redis_server import RedisServer

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

LEASE_S: Final = 3.0
DRAIN_S: Final = 3.0


class Runs:
    """A run that may start again elsewhere, and one that may not."""

    def __init__(self, platform: "Platform", pool: str, trace: Path) -> None:
        self._platform = platform
        self.trace = trace
        again = platform.deploy("wait_or_return", pool, restart_when_lost=True)
        self.restartable: UUID = platform.start(again, trace=trace)
        self.other: UUID = platform.start(platform.deploy("wait_or_return", pool), trace=trace)
        for run in (self.restartable, self.other):
            platform.until((trace / f"{run}.began").exists, "it runs")


@pytest.fixture(scope="module")
def pool(platform: "Platform") -> str:
    return platform.make_pool("ending")


@pytest.fixture(scope="module")
def second(platform: "Platform", redis_server: RedisServer, pool: str) -> Iterator["Worker"]:
    """A worker that comes after another one's end, and is told to stop itself."""
    limits = {"lease_s": LEASE_S, "drain_s": DRAIN_S}
    with platform.worker(redis_server.url(4), pool, **limits) as worker:
        yield worker


def test_the_runs_of_a_worker_that_is_killed_are_found_by_another(
    platform: "Platform",
    redis_server: RedisServer,
    pool: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    with platform.worker(redis_server.url(4), pool, lease_s=LEASE_S) as first:
        runs = Runs(platform, pool, tmp_path)
        assert first.holds() == {runs.restartable, runs.other}
        first.kill()
    assert platform.state(runs.other) == "Running", "nobody has noticed yet"
    second: Worker = request.getfixturevalue("second")
    platform.reaches(runs.restartable, "Completed", log=second.log)
    platform.reaches(runs.other, "Crashed")
    assert "gave no sign of life" in platform.message(runs.other)
    assert "AwaitingRetry" in platform.past(runs.restartable)
    platform.until(lambda: not second.leases(), "their slots are free")


def test_a_worker_that_is_told_to_stop_lets_runs_end_or_hands_them_back(
    platform: "Platform", redis_server: RedisServer, pool: str, second: "Worker", tmp_path: Path
) -> None:
    runs = Runs(platform, pool, tmp_path)
    short = platform.start(platform.deploy("linger", pool), trace=tmp_path, seconds=1)
    platform.until((tmp_path / f"{short}.began").exists, "it runs")
    second.stop()
    assert platform.state(short) == "Completed"
    assert platform.state(runs.other) == "Crashed"
    assert "Its worker was told to stop." in platform.message(runs.other)
    assert platform.state(runs.restartable) == "AwaitingRetry"
    assert second.leases() == ()

    with platform.worker(redis_server.url(4), pool) as third:
        platform.reaches(runs.restartable, "Completed", log=third.log)
        platform.until(lambda: not third.leases(), "its slot is free")
