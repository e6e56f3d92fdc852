"""The supervisor with small programs as services, in a process of its own: it takes the signals
and ends every descendant."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.embedded.supervisor import StopRequestedError, supervising
from neurocortex.errors import ServiceFailedError
from neurocortex.settings import EmbeddedSettings

folder, script = Path(sys.argv[1]), sys.argv[2]
max_restarts, start_timeout_s = int(sys.argv[3]), float(sys.argv[4])

class Show:
    def note(self, text): print(text, flush=True)

def changed(records):
    (folder / "records").write_text(json.dumps([record.model_dump() for record in records]))

service = Service(
    name="it", stop_signal=signal.SIGTERM, log=folder / "it.log", port=None, address="",
    command=lambda: Command(argv=("/bin/sh", "-c", script), environment={"PATH": os.defpath},
                            log=folder / "it.log"),
    is_ready=lambda: "ready" in (folder / "it.log").read_text(),
)
settings = EmbeddedSettings(
    start_timeout_s=start_timeout_s, stop_timeout_s=3, max_restarts=max_restarts
)
try:
    with supervising(settings, Show(), changed) as supervisor:
        supervisor.start(service)
        supervisor.wait_until_ready("it")
        supervisor.restart_what_dies()
        print("up", flush=True)
        supervisor.watch_until(lambda: False)
except StopRequestedError:
    print("stopped", flush=True)
except ServiceFailedError as error:
    print("failed:", str(error).replace(chr(10), " "), flush=True)
"""


class Supervised:
    """A supervisor that watches over one shell script."""

    def __init__(
        self, folder: Path, script: str, max_restarts: int = 5, start_timeout_s: float = 20
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAM,
                folder,
                script,
                str(max_restarts),
                str(start_timeout_s),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if word in line:
                return line.strip()
        pytest.fail(f"it ended and never said {word!r}")

    @property
    def pid(self) -> int:
        records = json.loads((self.folder / "records").read_text())
        pid: int = records[0]["pid"]
        return pid


@pytest.fixture(autouse=True)
def _without_nohup() -> Iterator[None]:
    """Let children see SIGHUP as from a terminal, even where the suite itself runs under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def started() -> Iterator[list[Supervised]]:
    running: list[Supervised] = []
    yield running
    for supervised in running:
        supervised.process.kill()
        supervised.process.wait()
        assert supervised.process.stdout is not None
        supervised.process.stdout.close()


def test_a_service_that_dies_is_started_again(tmp_path: Path, started: list[Supervised]) -> None:
    it = Supervised(tmp_path, "echo ready; exec sleep 60")
    started.append(it)
    it.says("up")
    first = it.pid
    os.kill(first, signal.SIGKILL)
    assert it.says("SIGKILL") == "it was killed by SIGKILL; it starts again in 0.25 s"
    it.says("it is back")
    assert it.pid != first
    assert psutil.Process(it.pid).is_running()


def test_a_service_that_keeps_dying_is_given_up(tmp_path: Path, started: list[Supervised]) -> None:
    it = Supervised(tmp_path, "echo ready; sleep 0.3; echo the reason; exit 3", max_restarts=2)
    started.append(it)
    line = it.says("failed")
    assert "ended with exit code 3, too often" in line
    assert "the reason" in line
    assert "it.log" in line


def test_a_service_that_fails_at_the_start_is_not_started_again(
    tmp_path: Path, started: list[Supervised]
) -> None:
    it = Supervised(tmp_path, "echo no licence; exit 1")
    started.append(it)
    line = it.says("failed")
    assert "ended with exit code 1" in line
    assert "no licence" in line


def test_a_service_that_never_becomes_ready_is_given_up(
    tmp_path: Path, started: list[Supervised]
) -> None:
    it = Supervised(tmp_path, "echo red; exec sleep 60", start_timeout_s=1)
    started.append(it)
    assert "red" in it.says("failed: it was not ready within 1 s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_with_everything_it_started(
    tmp_path: Path, started: list[Supervised], number: signal.Signals
) -> None:
    # The grandchild outlives the script and falls to the supervisor.
    it = Supervised(tmp_path, "setsid sleep 62 & echo ready; exec sleep 60")
    started.append(it)
    it.says("up")
    family = psutil.Process(it.process.pid).children(recursive=True)
    assert len(family) == 2
    it.process.send_signal(number)
    it.says("stopped")
    assert it.process.wait(timeout=10) == 0
    assert not any(member.is_running() for member in family)


def test_under_nohup_the_end_of_the_terminal_is_ignored(
    tmp_path: Path, started: list[Supervised]
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what a child inherits
    try:
        it = Supervised(tmp_path, "echo ready; exec sleep 60")
    finally:
        signal.signal(signal.SIGHUP, before)
    started.append(it)
    it.says("up")
    it.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert it.process.poll() is None
    it.process.send_signal(signal.SIGTERM)
    it.says("stopped")


def test_a_second_request_does_not_wait(tmp_path: Path, started: list[Supervised]) -> None:
    it = Supervised(tmp_path, "trap '' TERM; echo ready; while :; do sleep 1; done")
    started.append(it)
    it.says("up")
    began = time.monotonic()
    it.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    it.process.send_signal(signal.SIGINT)
    it.says("stopped")
    assert time.monotonic() - began < 2.5  # stop_timeout_s is 3


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part is Linux'")
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path, started: list[Supervised]) -> None:
    it = Supervised(tmp_path, "echo ready; exec sleep 60")
    started.append(it)
    it.says("up")
    service = psutil.Process(it.pid)
    it.process.kill()
    service.wait(timeout=5)
