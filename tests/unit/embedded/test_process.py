"""Children that die with their parent, whichever way that goes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from neurocortex.embedded import process
from neurocortex.embedded.process import Command

SHELL = "/bin/sh"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part is Linux'")


def command(script: str, log: Path, **changes: object) -> Command:
    fields: dict[str, object] = {
        "argv": (SHELL, "-c", script),
        "environment": {"PATH": os.defpath},
        "log": log,
        **changes,
    }
    return Command(**fields)  # type: ignore[arg-type]


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    child = process.spawn(command("echo out; echo err >&2", log))
    assert child.wait(timeout=10) == 0
    assert log.read_text() == "before\nout\nerr\n"
    assert process.tail(log, lines=1) == "err"


def test_a_secret_goes_in_by_standard_input_and_is_in_no_argument(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = process.spawn(command("read word; echo got $word; sleep 60", log, input=b"hunter2\n"))
    _until(lambda: "got hunter2" in log.read_text())
    assert all("hunter2" not in part for part in psutil.Process(child.pid).cmdline())
    process.stop(child, signal.SIGTERM, timeout_s=5)


def test_the_environment_is_the_one_given(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process.spawn(command("env", log, environment={"ONLY": "this"})).wait(timeout=10)
    assert "ONLY=this" in log.read_text()
    assert "HOME=" not in log.read_text()


def test_ctrl_c_in_our_terminal_does_not_reach_a_child(tmp_path: Path) -> None:
    child = process.spawn(command("sleep 60", tmp_path / "log"))
    assert os.getpgid(child.pid) != os.getpgid(0)
    process.stop(child, signal.SIGTERM, timeout_s=5)


def test_a_program_that_is_not_there_is_named_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = process.spawn(command("", log, argv=("/nowhere/server",)))
    assert child.wait(timeout=10) == 126
    assert "cannot run /nowhere/server" in log.read_text()


def test_a_child_that_does_not_stop_is_killed_with_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = process.spawn(command("trap '' TERM; sleep 61 & echo ready; wait; wait", log))
    _until(lambda: "ready" in log.read_text())
    offspring = process.descendants(child.pid)
    assert offspring
    process.stop(child, signal.SIGTERM, timeout_s=0.2)
    assert child.returncode == -signal.SIGKILL
    assert not any(part.is_running() for part in offspring)


@linux_only
def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent_code = textwrap.dedent(
        f"""
        import pathlib, signal, time
        from neurocortex.embedded.process import Command, spawn
        child = spawn(Command(argv=("/bin/sleep", "60"), environment={{}},
                              log=pathlib.Path({str(tmp_path / "log")!r})))
        print(child.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)


def _until(holds: object, timeout_s: float = 10.0) -> None:
    assert callable(holds)
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
