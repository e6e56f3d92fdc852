"""How runs end that do not just complete: what Prefect shows, and what is left of them."""

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import psutil
import pytest
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling

from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import DeadLetterNotFoundError

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

POOL: Final = "main"


@pytest.fixture(autouse=True)
def _served(main: "Worker") -> None:
    """The pool has a worker."""


@pytest.fixture
def hook(platform: "Platform", tmp_path: Path) -> "Hook":
    return Hook(platform, tmp_path / "hook")


class Hook:
    """What a run's hook wrote down."""

    def __init__(self, platform: "Platform", file: Path) -> None:
        self._platform = platform
        self._file = file

    def ran(self, run: UUID) -> dict[str, str]:
        self._platform.until(self._file.exists, "the hook runs")
        said: dict[str, str] = json.loads(self._file.read_text())
        assert said["run"] == str(run)
        return said


def is_gone(platform: "Platform", run: UUID) -> bool:
    """Tell whether the process that Prefect shows for a run has ended."""
    pid = platform.run(run).infrastructure_pid
    return pid is not None and not psutil.pid_exists(int(pid))


def test_a_run_that_dies_is_crashed_and_touches_no_other(
    platform: "Platform", main: "Worker", tmp_path: Path, hook: Hook
) -> None:
    (beside_trace := tmp_path / "beside").mkdir()
    beside = platform.start(platform.deploy("wait", POOL), trace=beside_trace)
    platform.reaches(beside, "Running")
    run = platform.start(platform.deploy("kill_itself", POOL), trace=tmp_path)
    platform.reaches(run, "Crashed")
    assert "-9" in platform.message(run)
    assert hook.ran(run)["state"] == "CRASHED"
    assert platform.state(beside) == "Running"
    assert beside in main.holds()
    (beside_trace / "open").touch()
    platform.reaches(beside, "Completed")
    platform.until(lambda: not main.holds() & {run, beside}, "both slots are free")


def test_a_run_whose_process_is_killed_starts_again_where_it_may(
    platform: "Platform", main: "Worker", tmp_path: Path
) -> None:
    deployed = platform.deploy("wait_or_return", POOL, restart_when_lost=True)
    run = platform.start(deployed, trace=tmp_path)
    platform.until((tmp_path / f"{run}.began").exists, "it runs")
    os.kill(int((tmp_path / f"{run}.pid").read_text()), signal.SIGKILL)
    platform.reaches(run, "Completed")
    assert platform.past(run).count("AwaitingRetry") == 1
    assert not (tmp_path / "hook").exists(), "it has not crashed"
    platform.until(lambda: run not in main.holds(), "its slot is free")


def test_a_run_that_dies_each_time_is_crashed_in_the_end(
    platform: "Platform", tmp_path: Path, hook: Hook
) -> None:
    deployed = platform.deploy("kill_itself", POOL, restart_when_lost=True)
    run = platform.start(deployed, trace=tmp_path)
    platform.reaches(run, "Crashed")
    message = platform.message(run)
    assert "killed by SIGKILL. It has started again 3 times" in message
    assert platform.past(run).count("AwaitingRetry") == 3
    assert hook.ran(run)["message"] == message


def test_a_run_over_its_memory_is_crashed_and_told_why(
    platform: "Platform", tmp_path: Path, hook: Hook
) -> None:
    deployed = platform.deploy("take", POOL, memory=100)
    run = platform.start(deployed, trace=tmp_path, megabytes=1000)
    platform.reaches(run, "Crashed")
    message = platform.message(run)
    assert "over its limit of 100 MB" in message
    assert "Raise the job variable `memory`" in message
    assert hook.ran(run)["message"] == message


def test_a_run_over_its_time_is_timed_out_and_its_process_gone(
    platform: "Platform", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("wait", POOL, timeout=1.5), trace=tmp_path)
    ended = platform.reaches(run, "TimedOut")
    assert ended.state_type is StateType.FAILED
    assert "`timeout`" in platform.message(run)
    platform.until(lambda: is_gone(platform, run), "its process is gone")


def test_a_run_that_is_cancelled_runs_its_hook_and_ends(
    platform: "Platform", main: "Worker", tmp_path: Path, hook: Hook
) -> None:
    deployed = platform.deploy("wait", POOL, cpu=0.5)  # stopped at times, unless a cgroup holds it
    run = platform.start(deployed, trace=tmp_path)
    platform.until((tmp_path / f"{run}.began").exists, "it runs")
    platform.until(lambda: platform.run(run).infrastructure_pid, "Prefect knows its process")
    platform.client.set_flow_run_state(run, Cancelling())
    platform.reaches(run, "Cancelled")
    assert hook.ran(run)["state"] == "CANCELLING"
    platform.until(lambda: is_gone(platform, run), "its process is gone")
    assert not (tmp_path / f"{run}.ended").exists()
    platform.until(lambda: run not in main.holds(), "its slot is free")
    with DeadLetters(platform.database_url) as letters, pytest.raises(DeadLetterNotFoundError):
        letters.get(run)


def test_a_run_that_fails_leaves_a_dead_letter(platform: "Platform") -> None:
    run = platform.start(
        platform.deploy("fail", POOL, tier="high"),
        tags=["tenant:acme"],
        secret="sk-1234567890abcdef",
    )
    platform.reaches(run, "Failed")
    with DeadLetters(platform.database_url) as letters:
        platform.until(lambda: letters.missing([(run, 1)]) == frozenset(), "it is recorded")
        letter = letters.get(run)
    assert (letter.state, letter.error_type) == ("Failed", "ValueError")
    assert (letter.tier, letter.tenant, letter.attempts) == ("high", "acme", 1)
    assert "no such customer" in letter.message
    assert "sk-1234567890abcdef" not in letter.parameters


def test_a_run_that_never_fits_is_crashed_and_told_what_it_lacks(
    platform: "Platform", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("look", POOL, memory=1_000_000), trace=tmp_path)
    platform.reaches(run, "Crashed")
    assert "it needs 1e+06 memory_mb, the largest worker offers 8192" in platform.message(run)
    assert platform.past(run) == ["Scheduled", "Crashed"]


def test_wrong_job_variables_are_named(platform: "Platform", tmp_path: Path) -> None:
    """Of a pool whose form somebody changed: Prefect itself checks the others."""
    run = platform.start(platform.deploy("look", "unchecked", cpu=-1), trace=tmp_path)
    platform.reaches(run, "Crashed")
    assert "Its job variables are wrong. cpu: " in platform.message(run)


def test_a_run_whose_code_is_missing_is_crashed_and_its_logs_say_why(
    platform: "Platform", tmp_path: Path
) -> None:
    run = platform.start(platform.deploy("look", POOL, module="nowhere"), trace=tmp_path)
    platform.reaches(run, "Crashed")
    platform.until(lambda: "nowhere" in "".join(platform.logs(run)), "its logs say why")


def test_a_run_whose_deployment_is_deleted_goes_on_to_its_end(
    platform: "Platform", tmp_path: Path
) -> None:
    deployed = platform.deploy("wait", POOL)
    run = platform.start(deployed, trace=tmp_path)
    platform.until((tmp_path / f"{run}.began").exists, "it runs")
    platform.client.delete_deployment(deployed)
    (tmp_path / "open").touch()
    platform.reaches(run, "Completed")
