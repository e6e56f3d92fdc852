"""Runs in cgroups of their own: the kernel holds them to their memory and their cores.

A worker's cgroup bears a lock for as long as its process lives: what another finds without one is
left over from a worker that was killed, and is ended.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from prefect.client.schemas.objects import State

from neurocortex.worker.cgroups import Found, divide
from neurocortex.worker.limits import LOOK_S, Limits, Peak, over_memory

if TYPE_CHECKING:
    from types import TracebackType

WORKER: Final = "neurocortex-worker-"
"""Begins the names of the workers' cgroups."""

PERIOD_US: Final = 100_000
"""Of the quota of processor time: the kernel's own default."""

LEAST_US: Final = 1_000
"""The least quota that the kernel takes (cpu.max)."""


class CgroupEnclosures:
    """The cgroup of a worker, with one of its own for each run. A context manager."""

    def __init__(self, found: Found) -> None:
        """Make it, and end what workers have left that were killed.

        Raises:
            OSError: it cannot be made.
        """
        assert found.folder is not None  # noqa: S101 - an obstacle
        self.folder = found.folder / f"{WORKER}{uuid4().hex}"
        divide(found, self.folder)
        self._lock = _lock(self.folder)
        self._ended: set[Path] = set()
        for other in found.folder.glob(f"{WORKER}*"):
            _end_left_over(other)

    def __enter__(self) -> "CgroupEnclosures":
        """Do nothing more."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        """End what still runs, and remove what is empty; another worker removes the rest."""
        _end(self.folder)
        os.close(self._lock)

    @contextmanager
    def enclose(self, limits: Limits) -> Iterator["CgroupEnclosure"]:
        """Hold a run in a cgroup; at the end nothing in it lives on."""
        folder = self.folder / uuid4().hex
        folder.mkdir()
        try:
            _limit(folder, limits)
            yield CgroupEnclosure(folder, limits)
        finally:
            self._ended.add(folder)
            (folder / "cgroup.kill").write_text("1")
            # What was killed takes a moment to go: then its cgroup is removed after the next run.
            self._ended = {each for each in self._ended if not _removed(each)}


class CgroupEnclosure:
    """One run in its cgroup: an `Enclosure`."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Take the cgroup, which has its limits."""
        self._folder = folder
        self._limits = limits
        self._peak = Peak()

    @property
    def entrance(self) -> str:
        """The file its process enters it by."""
        return str(self._folder / "cgroup.procs")

    @property
    def peak_mb(self) -> float | None:
        """Of what cannot be dropped: `memory.peak` has the pages of files as well, which can."""
        return self._peak.mb

    @property
    def cpu_s(self) -> float:
        """Of all that was ever in it."""
        return _counts(self._folder / "cpu.stat")["usage_usec"] / 1e6

    async def watch(self, pid: int) -> State:  # noqa: ARG002 - the kernel knows which are its
        """Take note of what it takes; holding it is the kernel's."""
        while True:
            await asyncio.sleep(LOOK_S)
            held = _counts(self._folder / "memory.stat")
            self._peak.saw((held["anon"] + held["shmem"]) / 2**20)

    def verdict(self) -> State | None:
        """Ask the kernel whether it has ended it, and at its own limit, not at the machine's."""
        events = _counts(self._folder / "memory.events")
        return over_memory(self._limits) if events["oom"] and events["oom_kill"] else None


def _limit(folder: Path, limits: Limits) -> None:
    quota = max(LEAST_US, round(limits.cores * PERIOD_US))
    (folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    (folder / "memory.max").write_text(str(round(limits.memory_mb * 2**20)))
    if (folder / "memory.swap.max").exists():  # a kernel may not count it
        (folder / "memory.swap.max").write_text("0")
    (folder / "memory.oom.group").write_text("1")


def _counts(file: Path) -> dict[str, int]:
    lines = (line.split() for line in file.read_text().splitlines())
    return {name: int(count) for name, count in lines}


def _lock(folder: Path) -> int:
    """Take a cgroup's lock until the descriptor is closed, which our end does as well.

    Raises:
        BlockingIOError: a process that lives has it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _end_left_over(folder: Path) -> None:
    try:
        lock = _lock(folder)
    except (BlockingIOError, FileNotFoundError):
        return
    _end(folder)
    os.close(lock)


def _end(folder: Path) -> None:
    """End all that runs below a cgroup, and remove what is empty by then."""
    with suppress(FileNotFoundError):  # another worker was faster
        (folder / "cgroup.kill").write_text("1")
    for each in (*folder.glob("*/"), folder):
        _removed(each)


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # what was killed there is still going
    return True
