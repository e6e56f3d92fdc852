"""The kernel holds runs to their limits, wherever a cgroup of version 2 may be divided."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from neurocortex.worker import cgroups
from neurocortex.worker.enclosures import WORKER, CgroupEnclosures
from neurocortex.worker.limits import Limits
from neurocortex.worker.messages import Start
from neurocortex.worker.warm import KILLED, WarmProcesses

WHY_NOT = cgroups.obstacle(cgroups.find())

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"No cgroup can be divided here: {WHY_NOT}"),
]

PATIENCE_S = 60.0

PROGRAMS = {
    "take_ten_times": "import time\nheld = bytearray(640 << 20)\ntime.sleep(600)",
    "take_a_little": "held = bytearray(24 << 20)\nimport time\ntime.sleep(0.5)",
    "fork_with_memory": (
        "import os, time\n"
        "pids = [os.fork() for _ in range(2)]\n"
        "held = bytearray(24 << 20)\n"
        "time.sleep(600)"
    ),
    "burn": (
        "import os, time\nos.fork()\nuntil = time.monotonic() + 2\n"
        "while time.monotonic() < until:\n    pass\nos.wait()"
    ),
    "escape_and_end": (
        "import os, time\nfrom pathlib import Path\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork():\n        os._exit(0)\n"
        "    Path('draft').write_text(str(os.getpid()))\n"
        "    Path('draft').rename('escaped')\n"
        "    time.sleep(600)\n"
        "while not Path('escaped').exists():\n    time.sleep(0.01)\n"
    ),
}

KILLED_WORKER = """
import sys
from neurocortex.worker import cgroups
from neurocortex.worker.enclosures import CgroupEnclosures
from neurocortex.worker.limits import Limits
import os, subprocess, time
held = CgroupEnclosures(cgroups.find())
with held.enclose(Limits(64, 1)) as run:
    sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
    open(run.entrance, "w").write(str(sleeper.pid))
    print(sleeper.pid, held.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held() -> Iterator[CgroupEnclosures]:
    with CgroupEnclosures(cgroups.find()) as held:
        yield held


@pytest.fixture
async def processes() -> AsyncIterator[WarmProcesses]:
    async with WarmProcesses(()) as processes:
        yield processes


@pytest.fixture
def order(tmp_path: Path) -> Callable[[str, str], Start]:
    def make(program: str, entrance: str) -> Start:
        return Start(
            program,
            module="",
            environment=dict(os.environ),
            folder=str(tmp_path),
            cores=0,
            quiet=False,
            arguments=(sys.executable, "-c", PROGRAMS[program]),
            entrance=entrance,
        )

    return make


Order = Callable[[str, str], Start]


async def test_a_run_that_takes_ten_times_its_memory_at_once_never_gets_it(
    held: CgroupEnclosures, processes: WarmProcesses, order: Order
) -> None:
    with held.enclose(Limits(64, cores=1)) as run:
        process = await processes.start(order("take_ten_times", run.entrance))
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == KILLED
        state = run.verdict()
    assert process.peak_mb < 640
    assert state is not None
    assert state.is_crashed()
    assert "over its limit of 64 MB" in str(state.message)


async def test_what_all_processes_of_a_run_take_together_counts_and_all_end(
    held: CgroupEnclosures, processes: WarmProcesses, order: Order
) -> None:
    with held.enclose(Limits(64, cores=1)) as run:
        process = await processes.start(order("fork_with_memory", run.entrance))
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == KILLED
        assert Path(run.entrance).read_text() == ""
        assert run.verdict() is not None


async def test_a_run_within_its_limits_ends_by_itself_and_its_figures_are_known(
    held: CgroupEnclosures, processes: WarmProcesses, order: Order
) -> None:
    with held.enclose(Limits(128, cores=1)) as run:
        process = await processes.start(order("take_a_little", run.entrance))
        watch = asyncio.create_task(run.watch(process.pid))
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        watch.cancel()
        assert run.verdict() is None
        assert run.peak_mb is not None
        assert 20 <= run.peak_mb < 128
        assert 0 < run.cpu_s < PATIENCE_S
    await gone(held, 1)


async def gone(held: CgroupEnclosures, runs: int) -> None:
    """Wait until the cgroups of runs are removed but for the last, at the latest by the next."""
    deadline = time.monotonic() + PATIENCE_S
    while len(list(held.folder.glob("*/"))) >= runs + 1:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_run_is_held_to_a_fraction_of_a_core(
    held: CgroupEnclosures, processes: WarmProcesses, order: Order
) -> None:
    with held.enclose(Limits(128, cores=0.25)) as run:
        began = time.monotonic()
        process = await processes.start(order("burn", run.entrance))
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        share = run.cpu_s / (time.monotonic() - began)
    assert 0.01 <= share <= 0.35


async def test_who_leaves_a_run_by_a_double_fork_ends_with_it(
    held: CgroupEnclosures, processes: WarmProcesses, order: Order, tmp_path: Path
) -> None:
    with held.enclose(Limits(128, cores=1)) as run:
        process = await processes.start(order("escape_and_end", run.entrance))
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        daemon = int((tmp_path / "escaped").read_text())
    deadline = time.monotonic() + PATIENCE_S
    while psutil.pid_exists(daemon):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_what_a_killed_worker_leaves_is_ended_and_removed_by_the_next() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WORKER], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        pid, folder = worker.stdout.readline().split()
        with CgroupEnclosures(cgroups.find()):
            assert Path(folder).exists(), "its worker lives"
            assert psutil.pid_exists(int(pid))
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while Path(folder).exists():
        assert time.monotonic() < deadline
        with CgroupEnclosures(cgroups.find()):
            await asyncio.sleep(0.05)
    assert not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie"


async def test_nothing_is_left_of_a_worker_that_ends() -> None:
    with CgroupEnclosures(cgroups.find()) as held:
        folder = held.folder
        with held.enclose(Limits(64, cores=1)):
            assert len(list(folder.glob("*/"))) == 1
    assert folder.name.startswith(WORKER)
    assert not folder.exists()
