"""Who goes first where one run runs at a time, and what gives its slot back."""

import math
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.states import Cancelling

from neurocortex.domain.deployments import Tier

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

POOL: Final = "single"


@pytest.fixture(autouse=True)
def _served(single: "Worker") -> None:
    """The pool has a worker."""


class Gate:
    """A run that holds the only slot until the gate is opened."""

    def __init__(self, platform: "Platform", trace: Path) -> None:
        trace.mkdir()
        self._trace = trace
        self._platform = platform
        self.run = platform.start(platform.deploy("wait", POOL), trace=trace)
        platform.until((trace / f"{self.run}.began").exists, "the slot is taken")

    def open(self) -> None:
        (self._trace / "open").touch()
        self._platform.reaches(self.run, "Completed")


@pytest.fixture
def gate(platform: "Platform", tmp_path: Path) -> Gate:
    return Gate(platform, tmp_path / "gate")


def began(trace: Path, run: UUID) -> float:
    return float((trace / f"{run}.began").read_text())


def ended(trace: Path, run: UUID) -> float:
    return float((trace / f"{run}.ended").read_text())


def test_a_critical_run_goes_before_a_queue_of_low_ones(
    platform: "Platform", single: "Worker", gate: Gate, tmp_path: Path
) -> None:
    low = platform.deploy("linger", POOL, tier="low")
    queue = [platform.start(low, trace=tmp_path, seconds=0) for _ in range(2)]
    critical = platform.start(
        platform.deploy("linger", POOL, tier="critical"), trace=tmp_path, seconds=0
    )
    platform.until(lambda: single.waiting().get(Tier.CRITICAL), "the worker knows of it")
    gate.open()
    for run in (*queue, critical):
        platform.reaches(run, "Completed")
    first_low = min(began(tmp_path, run) for run in queue)
    assert began(tmp_path, critical) < first_low
    times = sorted((began(tmp_path, run), ended(tmp_path, run)) for run in (*queue, critical))
    assert all(end <= start for (_, end), (start, _) in pairwise(times))


def test_a_high_run_starts_at_once_behind_long_queues_of_the_tiers_below(
    platform: "Platform", single: "Worker", gate: Gate, tmp_path: Path
) -> None:
    (trace := tmp_path / "queues").mkdir()
    queues = [platform.deploy("linger", POOL, tier=tier) for tier in ("medium", "low")]
    for deployment in queues:
        for _ in range(15):
            platform.start(deployment, trace=trace, seconds=0)
    high = platform.start(platform.deploy("linger", POOL, tier="high"), trace=tmp_path, seconds=0)
    platform.until(lambda: single.waiting().get(Tier.HIGH), "the worker knows of it")
    gate.open()
    platform.reaches(high, "Completed")
    for deployment in queues:
        platform.client.delete_deployment(deployment)  # and with it the runs that wait
    assert began(tmp_path, high) - ended(tmp_path / "gate", gate.run) < 10
    first = min((float(mark.read_text()) for mark in trace.glob("*.began")), default=math.inf)
    assert began(tmp_path, high) < first


def test_a_run_that_is_cancelled_while_it_waits_never_starts(
    platform: "Platform", gate: Gate, tmp_path: Path
) -> None:
    deployed = platform.deploy("linger", POOL)
    cancelled, next_run = (platform.start(deployed, trace=tmp_path, seconds=0) for _ in range(2))
    platform.client.set_flow_run_state(cancelled, Cancelling())
    platform.reaches(cancelled, "Cancelled")
    gate.open()
    platform.reaches(next_run, "Completed")
    assert platform.state(cancelled) == "Cancelled"
    assert not (tmp_path / f"{cancelled}.began").exists()


def test_runs_that_wait_for_their_retry_give_their_slot_to_others(
    platform: "Platform", single: "Worker", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("retry_later", POOL), trace=tmp_path)
    platform.reaches(run, "AwaitingRetry")
    other = platform.start(platform.deploy("linger", POOL), trace=tmp_path, seconds=0)
    platform.reaches(other, "Completed")

    (trace := tmp_path / "gone").mkdir()
    deployed = platform.deploy("retry_later", POOL)
    without_deployment = platform.start(deployed, trace=trace)
    platform.reaches(without_deployment, "AwaitingRetry")
    platform.until(lambda: without_deployment not in single.holds(), "its slot is free")
    platform.client.delete_deployment(deployed)

    platform.reaches(run, "Completed")
    assert ended(tmp_path, other) < began(tmp_path, run)
    first, second = ((tmp_path / f"try-{number}").read_text() for number in (1, 2))
    assert first != second, "it was started again, in a process of its own"
    assert "Crashed" not in platform.past(run)
    platform.reaches(without_deployment, "Cancelled")
    assert "no longer exists" in platform.message(without_deployment)


def test_an_edited_flow_is_picked_up_by_the_next_run(platform: "Platform") -> None:
    """Of a module that was preloaded, without a restart of the worker."""
    deployed = platform.deploy("show", POOL, module="edited")
    assert platform.result(platform.start(deployed)) == "before"
    file = platform.code / "edited.py"
    file.write_text(file.read_text().replace("before", "after"))
    os.utime(file, ns=(0, time.time_ns()))
    assert platform.result(platform.start(deployed)) == "after"


def test_a_run_of_a_paused_pool_starts_when_the_pool_is_resumed(
    platform: "Platform", main: "Worker", tmp_path: Path
) -> None:
    waits = platform.start(platform.deploy("linger", "aside"), trace=tmp_path, seconds=0)
    other = platform.start(platform.deploy("linger", "main"), trace=tmp_path, seconds=0)
    platform.reaches(other, "Completed")
    assert platform.state(waits) == "Scheduled"
    platform.pause("aside", paused=False)
    platform.reaches(waits, "Completed")


def test_a_deployment_at_its_limit_holds_up_its_own_runs_only(
    platform: "Platform", main: "Worker", tmp_path: Path
) -> None:
    limited = platform.deploy("wait", "main", limit=1)
    (trace := tmp_path / "limited").mkdir()
    first, second = (platform.start(limited, trace=trace) for _ in range(2))
    holder = platform.until(
        lambda: next((run for run in (first, second) if platform.state(run) == "Running"), None),
        "one of the two runs",
    )
    waiting = second if holder == first else first
    for _ in range(2):
        other = platform.start(platform.deploy("linger", "main"), trace=tmp_path, seconds=0)
        platform.reaches(other, "Completed")
    assert platform.state(waiting) == "Scheduled"
    (trace / "open").touch()
    platform.reaches(waiting, "Completed")
    assert "AwaitingConcurrencySlot" not in platform.past(waiting)
    assert ended(trace, holder) <= began(trace, waiting)


def test_at_a_limit_that_cancels_the_second_run_is_cancelled(
    platform: "Platform", main: "Worker", tmp_path: Path
) -> None:
    cancel = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    deployed = platform.deploy("wait", "main", limit=1, options=cancel)
    first = platform.start(deployed, trace=tmp_path)
    platform.reaches(first, "Running")
    second = platform.start(deployed, trace=tmp_path)
    platform.reaches(second, "Cancelled")
    (tmp_path / "open").touch()
    platform.reaches(first, "Completed")
