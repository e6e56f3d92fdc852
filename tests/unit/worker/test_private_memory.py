"""What a run takes beyond what it shares."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from prefect.client.schemas.objects import State

from neurocortex.worker.limits import Limits
from neurocortex.worker.memory import OOM_SCORE, private_mb, proportional_mb
from neurocortex.worker.watching import WatchedRun

FILL_MB = 64
HOLD = f"held = bytearray({FILL_MB} << 20); print('ready', flush=True); input()"
FORK = f"import os; os.fork() or exec({HOLD!r}); os.wait()"
FORKS = f"""
import os, signal
held = bytearray({FILL_MB} << 20)
children = [os.fork() or signal.pause() for _ in range(3)]
print('{{}}', flush=True)
input()
"""
FORKS_WHEN_TOLD = "print('ready', flush=True); input()" + FORKS.format("forked")
SHARED = f"""
import mmap
held = mmap.mmap(-1, {FILL_MB} << 20)
held.write(bytes({FILL_MB} << 20))
print('ready', flush=True)
input()
"""
PROTECTED = """
from neurocortex.worker.memory import end_first_without_memory
end_first_without_memory()
print('ready', flush=True)
input()
"""

Run = Callable[[str], Popen[str]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a Python process that says a word, and then waits."""
    started = []

    def start(code: str) -> Popen[str]:
        child = Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    yield start
    for child in started:
        with child:
            os.killpg(child.pid, signal.SIGKILL)


def test_memory_that_a_process_fills_counts(run: Run) -> None:
    idle = private_mb(run("print('ready', flush=True); input()").pid)
    assert 0 < idle < FILL_MB
    assert FILL_MB <= private_mb(run(HOLD).pid) - idle + 1 < 2 * FILL_MB


def test_a_childs_memory_counts(run: Run) -> None:
    assert private_mb(run(FORK).pid) >= FILL_MB


def test_memory_that_processes_could_share_counts(run: Run) -> None:
    assert FILL_MB <= private_mb(run(SHARED).pid) < 2 * FILL_MB


def test_what_forks_share_with_each_other_counts_once(run: Run) -> None:
    pid = run(FORKS.format("ready")).pid
    assert private_mb(pid) >= 4 * FILL_MB
    assert FILL_MB <= proportional_mb(pid) < 2 * FILL_MB


def test_a_run_is_the_first_to_go_when_memory_is_short(run: Run) -> None:
    score = Path(f"/proc/{run(PROTECTED).pid}/oom_score_adj").read_text()
    assert int(score) == OOM_SCORE


def test_a_process_that_is_gone_takes_nothing() -> None:
    with Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert private_mb(child.pid) == proportional_mb(child.pid) == 0


def test_a_run_whose_forks_share_memory_is_ended_over_its_limit_only(run: Run) -> None:
    async def held_to(limit_mb: float) -> State | None:
        child = run(FORKS_WHEN_TOLD)
        assert child.stdin is not None
        assert child.stdout is not None
        held = WatchedRun(Limits(limit_mb, cores=1))
        watch = asyncio.create_task(held.watch(child.pid))
        while held.peak_mb is None and not watch.done():
            await asyncio.sleep(0.01)  # it has its first figure
        child.stdin.write("\n")
        child.stdin.flush()
        assert await asyncio.to_thread(child.stdout.readline) == "forked\n"
        while not watch.done() and (held.peak_mb or 0) < FILL_MB:
            await asyncio.sleep(0.01)
        if watch.done():
            return watch.result()
        watch.cancel()
        return None

    assert asyncio.run(held_to(2 * FILL_MB)) is None
    state = asyncio.run(held_to(FILL_MB / 2))
    assert state is not None
    assert f"over its limit of {FILL_MB / 2:g} MB" in str(state.message)
