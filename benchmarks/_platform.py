"""The platform's servers, in a temporary folder, for a benchmark that starts workers itself."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psutil

from benchmarks._postgres import say
from neurocortex.embedded import plan as plans
from neurocortex.embedded import process
from neurocortex.embedded.home import Home
from neurocortex.embedded.plan import Plan
from neurocortex.embedded.postgres import PREFECT_DATABASE
from neurocortex.embedded.process import Command
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.embedded.running import environment_of
from neurocortex.embedded.service import Service
from neurocortex.lake.store import Lake
from neurocortex.settings import PortSettings, Settings

ROOT: Final = Path(__file__).resolve().parents[1]

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 15.0

OURS: Final = ("NEUROCORTEX_", "PREFECT_")
"""What the variables start with that would make a measurement depend on whose it is."""


class Servers:
    """PostgreSQL, Redis and the Prefect server of one platform."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        inherited = os.environ.get("PYTHONPATH", "")
        self.environment: Final[Mapping[str, str]] = {
            **environment_of(plan.running),
            # Runs import their flows from this package.
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), inherited))),
        }
        """What leads a worker here; the same for each."""

    @property
    def api_url(self) -> str:
        """Of Prefect's API."""
        return self._plan.running.api_url

    @property
    def redis_url(self) -> str:
        """Of the Redis that the ledger is in."""
        return str(self._plan.running.redis_url)

    @property
    def prefect_database_url(self) -> str:
        """Of the Prefect server's database."""
        assert self._plan.postgres is not None  # noqa: S101
        return self._plan.postgres.url(PREFECT_DATABASE)

    @property
    def pids(self) -> Mapping[str, int]:
        """Of the servers, by name."""
        return {name: child.pid for name, child in self._children.items()}

    @property
    def logs(self) -> Path:
        """Where every log is."""
        return self._plan.running.home.logs

    @property
    def folder(self) -> Path:
        """The temporary folder."""
        return self._plan.running.home.folder

    def start(self) -> None:
        """Start all, and make the tables that workers need."""
        postgres, prefect = self._plan.postgres, self._plan.prefect
        assert postgres is not None  # noqa: S101 - no address of another is set
        assert prefect is not None  # noqa: S101
        say("starting PostgreSQL, Redis and the Prefect server")
        postgres.initialise()
        self._begin(self._redis.service())
        self._start(postgres.service())
        postgres.prepare()
        self._begin(prefect.service())
        with Lake(postgres.url()) as lake:
            lake.migrate()
        self._wait(self._redis.service())
        self._wait(prefect.service())

    def kill_redis(self, *, with_its_data: bool) -> None:
        """End Redis as a power failure would."""
        child = self._children["redis"]
        child.kill()
        child.wait()
        if with_its_data:
            shutil.rmtree(self._redis.data)

    def start_redis(self) -> None:
        """Start it again."""
        self._start(self._redis.service())

    def stop(self) -> None:
        """Stop all, the Prefect server first."""
        services = {
            each.service().name: each.service()
            for each in (self._plan.postgres, self._plan.redis, self._plan.prefect)
            if each is not None
        }
        for name, child in reversed(self._children.items()):
            process.stop(child, services[name].stop_signal, STOP_TIMEOUT_S)

    @property
    def _redis(self) -> RedisServer:
        assert self._plan.redis is not None  # noqa: S101
        return self._plan.redis

    def _start(self, service: Service) -> None:
        self._begin(service)
        self._wait(service)

    def _begin(self, service: Service) -> None:
        self._children[service.name] = process.spawn(service.command())

    def _wait(self, service: Service) -> None:
        child = self._children[service.name]
        deadline = time.monotonic() + START_TIMEOUT_S
        while not service.is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{service.name} did not start:\n{process.tail(service.log)}")
            time.sleep(process.POLL_S)


@contextmanager
def platform() -> Iterator[Servers]:
    """Yield the servers of a fresh platform, ready; gone afterwards."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="neurocortex-benchmark-", ignore_cleanup_errors=True)
        )
        Path(folder).chmod(0o711)  # PostgreSQL may run under another account
        home = Home(Path(folder) / "home")
        home.make()
        anywhere = PortSettings(postgres=0, redis=0, prefect=0, gateway=0)
        servers = Servers(plans.make(Settings(home=home.folder, ports=anywhere), home))
        stack.callback(servers.stop)
        servers.start()
        yield servers


def start_worker(
    servers: Servers, name: str, *module: str, more: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `python -m MODULE...` as a worker; its log is named after it."""
    return process.spawn(
        Command(
            argv=(sys.executable, "-m", *module),
            environment={**servers.environment, **more},
            log=servers.logs / f"{name}.log",
            death_signal=signal.SIGKILL,
            folder=servers.folder,
        )
    )


def stop_worker(worker: subprocess.Popen[bytes]) -> None:
    """Stop a worker and what it started."""
    process.stop(worker, signal.SIGTERM, STOP_TIMEOUT_S)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and everything it started."""
    return [psutil.Process(pid), *process.descendants(pid)]
