"""What runs now: written by the supervisor, read by every other command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

FILE: Final = "state.json"
PORTS: Final = "ports.json"
LOCK: Final = "lock"

CREATE_TIME_TOLERANCE_S: Final = 2.0
"""Linux counts a process's age from boot, and its idea of the boot time wanders by a second."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProcessRecord(_Record):
    """A process, so that a later one with the same pid is not taken for it."""

    pid: int
    created: float
    """Seconds since the epoch."""

    @classmethod
    def of(cls, pid: int) -> "ProcessRecord":
        """Record a process that runs."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Return the very process, None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < CREATE_TIME_TOLERANCE_S
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except psutil.NoSuchProcess:
            return None  # gone between two looks: the same as not there
        return None


class ServiceRecord(ProcessRecord):
    """One of the supervisor's children."""

    name: str
    port: int | None
    address: str
    """What a person connects to, without any password; empty where nothing listens."""
    started_at: float
    """Seconds since the epoch."""
    restarts: int = 0


class State(_Record):
    """The platform as it runs."""

    phase: Literal["starting", "ready", "stopping"]
    supervisor: ProcessRecord
    started_at: float
    """Seconds since the epoch."""
    api_url: str
    """Prefect's API, embedded or not."""
    services: tuple[ServiceRecord, ...] = ()

    @property
    def ui_url(self) -> str:
        """Prefect's UI."""
        return self.api_url.removesuffix("/api")

    def port_of(self, service: str) -> int | None:
        """Return the port of a service, None when it is not one of ours."""
        return next((record.port for record in self.services if record.name == service), None)


class Ports(_Record):
    """The ports of the last start."""

    postgres: int | None = None
    redis: int | None = None
    prefect: int | None = None
    gateway: int | None = None
    grpc: int | None = None


def read(run: Path) -> State | None:
    """Return what was last written, true or not; None where there is nothing legible.

    Args:
        run: the folder `run` of the home.
    """
    try:
        return State.model_validate_json((run / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def read_live(run: Path) -> State | None:
    """Return the state if its supervisor is alive."""
    state = read(run)
    return state if state is not None and state.supervisor.process() is not None else None


def write(run: Path, state: State) -> None:
    """Write the state in one step: a reader sees the old one or the new one."""
    _replace(run / FILE, state)


def clear(run: Path) -> None:
    """Forget the state: nothing runs."""
    (run / FILE).unlink(missing_ok=True)


def read_ports(run: Path) -> Ports:
    """Return the ports of the last start, as far as they are known."""
    try:
        return Ports.model_validate_json((run / PORTS).read_bytes())
    except (OSError, ValidationError):
        return Ports()


def write_ports(run: Path, ports: Ports) -> None:
    """Keep the ports for the next start."""
    _replace(run / PORTS, ports)


@contextmanager
def sole_supervisor(run: Path) -> Iterator[bool]:
    """Hold the lock of this home; yield whether we got it.

    The kernel lets it go when the process ends, however it ends: no stale lock is possible.
    """
    file = os.open(run / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _replace(file: Path, value: BaseModel) -> None:
    aside = file.with_suffix(".new")
    aside.write_text(value.model_dump_json(indent=2))
    aside.replace(file)
