"""What a run takes beyond what it shares."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest

from neurocortex.worker.memory import private_mb

FILL_MB = 64
HOLD = f"held = bytearray({FILL_MB} << 20); print('ready', flush=True); input()"
FORK = f"import os; os.fork() or exec({HOLD!r}); os.wait()"

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


def test_a_process_that_is_gone_takes_nothing() -> None:
    with Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert private_mb(child.pid) == 0
