"""Nothing that a run has started outlives it, whatever it does to get away, whoever is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from neurocortex.worker.family import family
from neurocortex.worker.limits import Limits
from neurocortex.worker.messages import Start
from neurocortex.worker.warm import KILLED, WarmProcesses
from neurocortex.worker.watching import WatchedRun

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0

ESCAPE = """
import os, sys, time
from pathlib import Path

held = b""
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    held = bytearray({megabytes} << 20)
    Path("draft").write_text(str(os.getpid()))
    Path("draft").rename("escaped")
    time.sleep(600)
while not Path("escaped").exists():
    time.sleep(0.01)
{then}
"""
"""A double fork, as a daemon does it: no longer in the group, the session or the family."""

ESCAPE_AND_END = ESCAPE.format(megabytes=0, then="raise SystemExit(3)")
ESCAPE_AND_WAIT = ESCAPE.format(megabytes=0, then="time.sleep(600)")
ESCAPE_WITH_MEMORY = ESCAPE.format(megabytes=64, then="time.sleep(600)")

WORKER = """
import os, subprocess, sys
from pathlib import Path
from neurocortex.worker.messages import MAX_PACKET, Start, Started, decode_event, encode, pair

ours, theirs = pair()
zygote = [sys.executable, "-m", "neurocortex.worker.zygote", str(os.getpid())]
subprocess.Popen([*zygote, str(theirs.fileno())], pass_fds=[theirs.fileno()])
theirs.close()
told = (sys.executable, "-c", sys.argv[1])
order = Start("run", "", dict(os.environ), os.getcwd(), 1, quiet=False, arguments=told)
ours.send(encode(order))
while True:
    event = decode_event(ours.recv(MAX_PACKET))
    if isinstance(event, Started):
        Path("run").write_text(str(event.pid))
"""


@pytest.fixture
async def processes() -> AsyncIterator[WarmProcesses]:
    async with WarmProcesses(()) as processes:
        yield processes


@pytest.fixture
def order(tmp_path: Path) -> Callable[[str], Start]:
    def make(code: str) -> Start:
        told = (sys.executable, "-c", code)
        return Start("run", "", dict(os.environ), str(tmp_path), 0, quiet=False, arguments=told)

    return make


Order = Callable[[str], Start]


async def until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def escaped(folder: Path) -> int:
    await until((folder / "escaped").exists)
    return int((folder / "escaped").read_text())


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_who_leaves_a_run_by_a_double_fork_is_still_of_its_family(
    processes: WarmProcesses, order: Order, tmp_path: Path
) -> None:
    process = await processes.start(order(ESCAPE_AND_WAIT))
    daemon = await escaped(tmp_path)
    assert os.getsid(daemon) != os.getsid(process.pid)
    assert daemon in family(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    assert await process.wait() == KILLED
    await until(lambda: is_gone(daemon))


async def test_its_memory_counts(processes: WarmProcesses, order: Order, tmp_path: Path) -> None:
    process = await processes.start(order(ESCAPE_WITH_MEMORY))
    watch = WatchedRun(Limits(32, cores=1)).watch(process.pid)
    state = await asyncio.wait_for(watch, PATIENCE_S)
    assert "over its limit of 32 MB" in str(state.message)
    await escaped(tmp_path)


async def test_it_ends_with_a_run_that_ends_by_itself(
    processes: WarmProcesses, order: Order, tmp_path: Path
) -> None:
    process = await processes.start(order(ESCAPE_AND_END))
    assert await process.wait() == 3
    daemon = await escaped(tmp_path)
    await until(lambda: is_gone(daemon))


async def test_it_ends_with_the_zygote(
    processes: WarmProcesses, order: Order, tmp_path: Path
) -> None:
    process = await processes.start(order(ESCAPE_AND_WAIT))
    daemon = await escaped(tmp_path)
    os.kill(psutil.Process(process.pid).ppid(), signal.SIGKILL)
    assert await process.wait() == KILLED
    await until(lambda: is_gone(daemon) and is_gone(process.pid))
    await processes.replaced()


async def test_a_run_ends_with_the_reaper_and_another_can_start(
    processes: WarmProcesses, order: Order, tmp_path: Path
) -> None:
    process = await processes.start(order(ESCAPE_AND_WAIT))
    daemon = await escaped(tmp_path)
    psutil.Process(process.pid).parents()[1].kill()
    assert await process.wait() == KILLED
    await until(lambda: is_gone(process.pid))
    os.kill(daemon, signal.SIGKILL)  # nobody was left to find it
    await processes.replaced()
    assert await (await processes.start(order("raise SystemExit(3)"))).wait() == 3


async def test_it_ends_with_a_worker_that_is_killed_even_if_it_is_stopped(tmp_path: Path) -> None:
    """Nothing is left that would let it go on."""
    with subprocess.Popen([sys.executable, "-c", WORKER, ESCAPE_AND_WAIT], cwd=tmp_path) as worker:
        daemon = await escaped(tmp_path)
        await until((tmp_path / "run").exists)
        run = int((tmp_path / "run").read_text())
        for pid in (run, daemon):
            os.kill(pid, signal.SIGSTOP)
        worker.kill()
    await until(lambda: is_gone(run) and is_gone(daemon))
