"""A platform as a user starts it: the command, in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from neurocortex.embedded import state
from neurocortex.embedded.home import Home
from neurocortex.embedded.state import State

READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
ANY_PORTS = {
    f"NEUROCORTEX_PORTS__{name}": "0"
    for name in ("POSTGRES", "REDIS", "PREFECT", "GATEWAY", "GRPC")
}


class Command:
    """`neurocortex` with one home folder and no main job."""

    def __init__(
        self,
        folder: Path,
        extra: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.home = Home(folder / "home")
        self.output = folder / "output"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "PREFECT_HOME"},
            **ANY_PORTS,
            "NEUROCORTEX_HOME": str(self.home.folder),
            **(extra or {}),
        }
        self._folder = folder
        self._prefix = prefix

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a subcommand; its output goes to a file."""
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "neurocortex.cli.main", *arguments],
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a subcommand to its end."""
        return subprocess.run(
            [*self._prefix, sys.executable, "-m", "neurocortex.cli.main", *arguments],
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_TIMEOUT_S,
        )

    @contextmanager
    def up(self) -> Iterator["Up"]:
        """Start the platform, wait until it is ready, and stop it at the end."""
        self.skip_main_job()
        process = self.start("up")
        started = Up(self, psutil.Process(process.pid))
        try:
            until(lambda: started.phase == "ready" or process.poll() is not None, READY_TIMEOUT_S)
            assert process.poll() is None, self.output.read_text()
            yield started
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT_S)

    def skip_main_job(self) -> None:
        """Pretend that it has been done: `up` then starts the services only."""
        script = (
            "import sys; from pathlib import Path; from neurocortex.embedded.home import Home\n"
            "home = Home(Path(sys.argv[1])); home.make(); home.first_run.touch()"
        )
        subprocess.run(
            [*self._prefix, sys.executable, "-c", script, self.home.folder],
            check=True,
            cwd=self._folder,
        )


class Up:
    """A platform that runs."""

    def __init__(self, command: Command, supervisor: psutil.Process) -> None:
        self.command = command
        self.supervisor = supervisor

    @property
    def state(self) -> State:
        found = state.read(self.command.home.run)
        assert found is not None
        return found

    @property
    def phase(self) -> str:
        found = state.read(self.command.home.run)
        ours = found is not None and found.supervisor.pid == self.supervisor.pid
        return found.phase if found is not None and ours else ""

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and everything below it."""
        return [self.supervisor, *self.supervisor.children(recursive=True)]


def until(holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def make_command() -> type[Command]:
    """`neurocortex` in a folder of the test's choice."""
    return Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`neurocortex` in a fresh folder."""
    return Command(tmp_path)
