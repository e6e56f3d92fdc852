"""Warm processes: forks of a real zygote, with next to nothing preloaded."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from neurocortex.worker.messages import SUCCESSOR, Start
from neurocortex.worker.warm import KILLED, WarmProcess, WarmProcesses

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0

PROGRAMS = {
    "say_where": """
import json, os, sys
from pathlib import Path
seen = {"folder": os.getcwd(), "environment": dict(os.environ), "json": "json" in sys.modules}
seen["cores"] = len(os.sched_getaffinity(0))
Path(os.environ["SEEN"]).write_text(json.dumps({**seen, "argv": sys.argv, "name": __name__}))
""",
    "burn": """
import time
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
held = bytearray(50 << 20)
import tempfile
with tempfile.TemporaryFile(dir="/var/tmp") as file:  # `/tmp` may be memory
    file.write(bytes(3 << 20))
""",
    "leave": "raise SystemExit(3)",
    "leave_with_words": "raise SystemExit('that is wrong')",
    "fail": "1 / 0",
    "wait": "import time\nwhile True:\n    time.sleep(60)",
    "talk": "import sys\nprint('to stdout')\nprint('to stderr', file=sys.stderr)",
    "slow_to_import": "import time\ntime.sleep(1.5)",
    "broken": "raise RuntimeError('not today')",
    "tidy": "import atexit\natexit.register(print, 'goodbye')",
    "changing": "VALUE = 1",
    "show_changing": "import changing\nraise SystemExit(changing.VALUE)",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the programs that run in warm processes are found."""
    for name, text in PROGRAMS.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path


@pytest.fixture
async def processes() -> AsyncIterator[WarmProcesses]:
    async with WarmProcesses(("json",)) as processes:
        yield processes


@pytest.fixture
def order(folder: Path) -> Callable[..., Start]:
    def make(module: str, *, cores: int = 0, quiet: bool = False, **environment: str) -> Start:
        everything = {**os.environ, "SEEN": str(folder / "seen"), **environment}
        return Start(f"run {module}", module, everything, str(folder), cores, quiet=quiet)

    return make


Order = Callable[..., Start]


async def ended(process: WarmProcess) -> int:
    async with asyncio.timeout(PATIENCE_S):
        return await process.wait()


def reaper() -> psutil.Process:
    """Return what stands behind the zygote: the child of ours that was started last."""
    return max(psutil.Process().children(), key=lambda child: child.create_time())


async def zygote() -> psutil.Process:
    """Return the zygote, which may just have been started."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := reaper().children()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return found[0]


async def zygote_of(processes: WarmProcesses) -> psutil.Process:
    """Return the zygote once it is ready."""
    async with asyncio.timeout(PATIENCE_S):
        await processes.ready()
    return await zygote()


async def two_zygotes(processes: WarmProcesses) -> tuple[psutil.Process, psutil.Process]:
    """Return the zygote and its successor, which is of the same process group: runs are not."""
    first = await zygote_of(processes)
    (later,) = (child for child in first.children() if os.getpgid(child.pid) == os.getpgrp())
    return first, later


async def is_gone(pid: int) -> bool:
    """Tell whether a process ends: the kernel takes a moment after its parent's end."""
    deadline = time.monotonic() + PATIENCE_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_a_run_has_its_own_folder_environment_and_what_was_preloaded(
    processes: WarmProcesses, order: Order, folder: Path
) -> None:
    (folder / "own").mkdir()
    asked = order("say_where", OWN="yes")
    asked = Start(asked.run, asked.module, asked.environment, str(folder / "own"), 0, quiet=False)
    await processes.ready()
    assert await ended(await processes.start(asked)) == 0
    seen = json.loads((folder / "seen").read_text())
    assert seen["environment"] == dict(asked.environment)
    assert (seen["folder"], seen["json"]) == (str(folder / "own"), True)
    assert seen["name"] == "__main__"
    assert seen["argv"] == [str(folder / "say_where.py")]
    assert "OWN" not in os.environ


async def test_each_run_starts_from_what_the_zygote_was(
    processes: WarmProcesses, order: Order, folder: Path
) -> None:
    """What one run does to its memory, folder and environment, the next does not see."""
    await ended(await processes.start(order("say_where", FIRST="yes")))
    await ended(await processes.start(order("say_where")))
    assert "FIRST" not in json.loads((folder / "seen").read_text())["environment"]


async def test_a_module_is_found_in_its_folder_and_in_a_pythonpath_of_its_own(
    processes: WarmProcesses, order: Order, folder: Path
) -> None:
    for name, code in (("here", 5), ("elsewhere", 6)):
        (folder / name).mkdir()
        (folder / name / f"only_{name}.py").write_text(f"raise SystemExit({code})")
    path = os.pathsep.join((str(folder), str(folder / "elsewhere")))
    environment = order("leave", PYTHONPATH=path).environment
    for module, code in (("only_here", 5), ("only_elsewhere", 6)):
        asked = Start(module, module, environment, str(folder / "here"), 0, quiet=False)
        assert await ended(await processes.start(asked)) == code


@pytest.mark.parametrize(
    ("module", "code"), [("leave", 3), ("leave_with_words", 1), ("fail", 1), ("tidy", 0)]
)
async def test_the_exit_code_is_that_of_python(
    processes: WarmProcesses, order: Order, module: str, code: int
) -> None:
    process = await processes.start(order(module, quiet=True))
    assert await ended(process) == process.returncode == code


async def test_processor_time_memory_and_what_was_written_are_reported(
    processes: WarmProcesses, order: Order
) -> None:
    process = await processes.start(order("burn"))
    await ended(process)
    assert process.cpu_s >= 0.3
    assert process.peak_mb >= 50
    assert 3 <= process.written_mb < 50


async def test_what_it_prints_comes_through_unless_it_is_to_be_quiet(
    order: Order, capfd: pytest.CaptureFixture[str]
) -> None:
    async with WarmProcesses(()) as processes:
        await ended(await processes.start(order("talk", quiet=True)))
        await ended(await processes.start(order("tidy")))
        assert capfd.readouterr().out == "goodbye\n", "exit handlers run"
        await ended(await processes.start(order("talk")))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("to stdout\n", "to stderr\n")


async def test_runs_go_on_side_by_side(processes: WarmProcesses, order: Order) -> None:
    waiting = [await processes.start(order("wait")) for _ in range(3)]
    assert [process.returncode for process in waiting] == [None] * 3
    os.kill(waiting[1].pid, signal.SIGKILL)
    assert await ended(waiting[1]) == -signal.SIGKILL
    assert [process.returncode for process in waiting] == [None, -signal.SIGKILL, None]


async def test_a_run_is_held_to_as_many_cores_as_it_asked_for(
    processes: WarmProcesses, order: Order, folder: Path
) -> None:
    have = len(os.sched_getaffinity(0))
    for asked in (1, have):
        await ended(await processes.start(order("say_where", cores=asked)))
        assert json.loads((folder / "seen").read_text())["cores"] == asked


async def test_an_order_that_comes_before_the_imports_is_done(order: Order) -> None:
    async with WarmProcesses(("slow_to_import", "slow_to_import", "json")) as processes:
        started = time.monotonic()
        process = await processes.start(order("leave"))
        assert await ended(process) == 3
        ready = await processes.ready()
        assert ready.seconds >= 1.5
        assert ready.memory_mb > 1
        assert time.monotonic() - started < PATIENCE_S


async def test_a_module_that_cannot_be_preloaded_is_the_runs_to_complain_about(
    order: Order, capfd: pytest.CaptureFixture[str]
) -> None:
    async with WarmProcesses(("broken", "no_such_module", "json")) as processes:
        await processes.ready()
        assert await ended(await processes.start(order("broken"))) == 1
    said = capfd.readouterr().err
    assert "broken is not preloaded" in said
    assert "no_such_module is not preloaded" in said
    assert "not today" in said


async def test_a_preloaded_module_whose_file_changed_is_imported_anew(
    order: Order, folder: Path
) -> None:
    async with WarmProcesses(("changing",)) as processes:
        await processes.ready()
        assert await ended(await processes.start(order("show_changing"))) == 1
        (folder / "changing.py").write_text("VALUE = 2\n")
        os.utime(folder / "changing.py", ns=(0, time.time_ns() + 1))
        assert await ended(await processes.start(order("show_changing"))) == 2


async def test_a_zygote_that_is_killed_takes_its_runs_along_and_has_a_successor(
    processes: WarmProcesses, order: Order
) -> None:
    forked_from = await zygote_of(processes)
    process = await processes.start(order("wait"))
    forked_from.send_signal(signal.SIGKILL)
    assert await ended(process) == KILLED
    assert await is_gone(process.pid)
    await processes.replaced()
    assert await ended(await processes.start(order("leave"))) == 3
    assert (await zygote_of(processes)).pid != forked_from.pid


async def test_an_order_to_a_dying_zygote_fails_and_can_be_repeated(order: Order) -> None:
    async with WarmProcesses(("slow_to_import",)) as processes:
        dying = await zygote()
        dying.send_signal(signal.SIGSTOP)
        asked = asyncio.create_task(processes.start(order("leave")))
        await asyncio.sleep(0)
        dying.send_signal(signal.SIGKILL)
        with pytest.raises(ConnectionError):
            await asked
        await processes.replaced()
        assert await ended(await processes.start(order("leave"))) == 3


async def test_nothing_is_left_behind(order: Order) -> None:
    async with WarmProcesses(("json",)) as processes:
        forked_from = await zygote_of(processes)
        process = await processes.start(order("wait"))
    assert process.returncode == KILLED
    assert await is_gone(process.pid)
    assert await is_gone(forked_from.pid)


async def test_whoever_gives_up_waiting_leaves_no_process(
    processes: WarmProcesses, order: Order
) -> None:
    forked_from = await zygote_of(processes)
    forked_from.send_signal(signal.SIGSTOP)
    asked = asyncio.create_task(processes.start(order("wait")))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait({asked})
    forked_from.send_signal(signal.SIGCONT)
    assert await ended(await processes.start(order("leave"))) == 3
    deadline = time.monotonic() + PATIENCE_S
    while forked_from.children():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_zygote_with_numpy_and_pandas_has_one_thread(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with WarmProcesses(("numpy", "pandas")) as processes:
        forked_from = await zygote_of(processes)
        assert forked_from.num_threads() == 1, "a fork of more would hang on their locks"
        assert (await processes.ready()).memory_mb > 20
    assert "threads after the imports" not in capfd.readouterr().err


TO_IMPORT = ("json", SUCCESSOR, "import_when_told", "wave")


@pytest.fixture
async def importing(folder: Path) -> AsyncIterator[WarmProcesses]:
    """A zygote whose successor imports until there is a file `told`."""
    (folder / "import_when_told.py").write_text(
        "import time\nfrom pathlib import Path\n"
        f"while not Path({str(folder / 'told')!r}).exists():\n    time.sleep(0.01)\n"
    )
    async with WarmProcesses(TO_IMPORT) as processes:
        yield processes


async def test_a_run_starts_and_its_end_is_seen_while_a_successor_imports(
    importing: WarmProcesses, order: Order, folder: Path
) -> None:
    waits = await importing.start(order("wait"))
    assert await ended(await importing.start(order("leave"))) == 3
    (folder / "told").touch()
    await importing.ready()
    await ended(await importing.start(order("say_where")))
    os.kill(waits.pid, signal.SIGKILL)
    assert await ended(waits) == -signal.SIGKILL, "who began it still waits for it"


async def test_runs_of_the_successor_have_what_it_imported(
    importing: WarmProcesses, order: Order, folder: Path
) -> None:
    (folder / "told").touch()
    await importing.ready()
    (folder / "imported.py").write_text(
        "import sys\nraise SystemExit(5 if 'wave' in sys.modules else 6)"
    )
    assert await ended(await importing.start(order("imported"))) == 5


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the successor"])
async def test_whichever_zygote_dies_all_runs_end_and_others_can_start(
    importing: WarmProcesses, order: Order, folder: Path, which: int
) -> None:
    of_the_first = await importing.start(order("wait"))
    (folder / "told").touch()
    await importing.ready()
    of_the_successor = await importing.start(order("wait"))
    (await two_zygotes(importing))[which].send_signal(signal.SIGKILL)
    for process in (of_the_first, of_the_successor):
        assert await ended(process) == KILLED
        assert await is_gone(process.pid)
    await importing.replaced()
    assert await ended(await importing.start(order("leave"))) == 3
