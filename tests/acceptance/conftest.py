"""The product as a user has it: the installed command, an empty home directory, a folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psutil
import pytest

from neurocortex.embedded import state
from neurocortex.embedded.home import Home
from neurocortex.embedded.running import Running, find
from neurocortex.embedded.state import ServiceRecord, State
from neurocortex.settings import Settings

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("neurocortex"))
ANY_PORTS = {
    f"NEUROCORTEX_PORTS__{name}": "0"
    for name in ("POSTGRES", "REDIS", "PREFECT", "GATEWAY", "GRPC")
}

FIRST_RUN_TIMEOUT_S = 280.0
"""For a start and three runs, which take 30 s where nothing else runs."""
START_TIMEOUT_S = 120.0
SERVICE_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 120.0
TEST_TIMEOUT_S = 600.0
"""With the start of the platform, which the first test that asks for it waits for."""
STOP_TIMEOUT_S = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


@dataclass(frozen=True)
class User:
    """Somebody who has just installed it: nothing set, nothing in the home directory."""

    folder: Path
    """The working directory."""
    home_directory: Path
    """`~`."""
    environment: dict[str, str]

    @classmethod
    def new(cls, place: Path, **settings: str) -> "User":
        """Return a new user with these settings in the environment."""
        folder, home = place / "folder", place / "home"
        folder.mkdir()
        home.mkdir()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "NEUROCORTEX_", "XDG_"))
        }
        return cls(folder, home, {**inherited, "HOME": str(home), **settings})

    def run(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run `neurocortex` to its end."""
        return self.shell(COMMAND, *arguments, settings=settings, timeout_s=timeout_s)

    def shell(
        self,
        *command: str,
        settings: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run any command to its end."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **(settings or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def start(self, output: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `neurocortex`; what it prints goes to a file."""
        with output.open("wb") as file:
            return subprocess.Popen(
                [COMMAND, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )


@dataclass(frozen=True)
class FirstRun:
    """`neurocortex up --once` in a fresh folder, and what there was when it had ended."""

    user: User
    done: subprocess.CompletedProcess[str]
    processes: list[psutil.Process]
    home_directory: list[Path]
    folder: list[str]


@dataclass(frozen=True)
class Platform:
    """A platform that runs, with its main job done."""

    user: User
    home: Home
    supervisor: psutil.Process
    output: Path
    """What `neurocortex up` printed so far."""

    @property
    def environment(self) -> dict[str, str]:
        """In which `neurocortex` finds this platform."""
        return self.user.environment

    @property
    def state(self) -> State:
        """What runs."""
        found = state.read_live(self.home.run)
        assert found is not None, self.output.read_text()
        return found

    @property
    def api_url(self) -> str:
        """Prefect's API, up to and with `/api`."""
        return self.state.api_url

    def run(
        self, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `neurocortex` to its end, as this platform's user."""
        return self.user.run(*arguments, settings=settings)

    @property
    def running(self) -> Running:
        """What another command on this machine finds."""
        return find(Settings(home=self.home.folder))

    def service(self, name: str) -> ServiceRecord:
        """Return a service as it runs now."""
        return next(record for record in self.state.services if record.name == name)

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and everything below it."""
        return [self.supervisor, *self.supervisor.children(recursive=True)]

    def kill_and_wait(self, name: str) -> tuple[ServiceRecord, ServiceRecord]:
        """Kill a service without warning; return it as it was, and as the supervisor has it back.

        That it is said to be back is waited for: it is a process again some time before.
        """
        before, said = self.service(name), self._said_back(name)
        psutil.Process(before.pid).kill()
        _until(lambda: self._said_back(name) > said, SERVICE_TIMEOUT_S)
        return before, self.service(name)

    def _said_back(self, name: str) -> int:
        return self.output.read_text().count(f"{name} is back")


def _until(holds: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain"
        time.sleep(0.05)


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        about = (process.cwd(), *process.cmdline(), *process.environ().values())
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, or not this user's
        return False
    return any(folder in text for text in about)


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool], float], None]:
    """Wait until something holds, for so many seconds."""
    return _until


@pytest.fixture(scope="session")
def processes_of() -> Callable[[Path], list[psutil.Process]]:
    """Return the processes that have to do with a folder: all those of a platform have."""
    return lambda folder: [each for each in psutil.process_iter() if _belongs(each, str(folder))]


@pytest.fixture(scope="module")
def new_user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """A user who sets nothing and has started nothing."""
    return User.new(tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="package")
def first(
    tmp_path_factory: pytest.TempPathFactory, processes_of: Callable[[Path], list[psutil.Process]]
) -> FirstRun:
    """The main job in a folder where nothing is set."""
    user = User.new(tmp_path_factory.mktemp("platform"))
    done = user.run("up", "--once", timeout_s=FIRST_RUN_TIMEOUT_S)
    return FirstRun(
        user=user,
        done=done,
        processes=processes_of(user.folder),
        home_directory=list(user.home_directory.iterdir()),
        folder=[path.name for path in user.folder.iterdir()],
    )


@pytest.fixture(scope="package")
def platform(first: FirstRun) -> Iterator[Platform]:
    """`neurocortex up` where the main job was done; all tests share it."""
    home = Home(first.user.folder / ".neurocortex")
    settings = {
        "NEUROCORTEX_HOME": str(home.folder),
        # The suite itself loads the machine, and these tests are not about shedding.
        "NEUROCORTEX_ADMISSION__SHED_ABOVE": "1",
        **ANY_PORTS,
    }
    user = replace(first.user, environment={**first.user.environment, **settings})
    output = user.folder.parent / "output"
    process = user.start(output, "up")
    try:
        _until(
            lambda: "curl http" in output.read_text() or process.poll() is not None,
            START_TIMEOUT_S,
        )
        assert process.poll() is None, output.read_text()
        yield Platform(user, home, psutil.Process(process.pid), output)
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


@pytest.fixture
def api(platform: Platform) -> Iterator[httpx.Client]:
    """The REST API of the platform's Prefect server."""
    with httpx.Client(base_url=platform.api_url, timeout=30, trust_env=False) as client:
        yield client
