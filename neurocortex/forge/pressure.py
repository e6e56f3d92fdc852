"""Whether memory is short: by what this process holds, its cgroups, and the machine.

See https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max, memory.current, memory.stat)
and, for the first version, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

MB: Final = 2**20
ROOT: Final = Path("/")

FULL: Final = 0.9
"""Share in use of what there is, above which memory is short: before the kernel ends somebody."""


@dataclass(frozen=True, slots=True)
class MemoryPressure:
    """Called, it tells whether memory is short. It takes some 100 µs."""

    process_mb: float | None = None
    """What this process may hold; None: no bound of its own."""
    root: Path = ROOT
    """Where /proc and /sys are."""

    def __call__(self) -> bool:
        """Return whether any bound is nearly met."""
        if self.process_mb is not None and resident_mb(os.getpid()) > self.process_mb:
            return True
        if any(used > FULL * limit for used, limit in cgroups(self.root)):
            return True
        return psutil.virtual_memory().percent > 100 * FULL


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory, in MB."""
    return float(psutil.Process(pid).memory_info().rss) / MB


def cgroups(root: Path = ROOT) -> Iterator[tuple[int, int]]:
    """Yield what is in use and what is allowed, in bytes, of each cgroup that bounds this process.

    Pages of files that were not used lately do not count: the kernel lets go of them first.
    """
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            top, names = root / "sys/fs/cgroup", ("memory.current", "memory.max")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            names = ("memory.usage_in_bytes", "memory.limit_in_bytes")
        else:
            continue
        # Inside a container its own cgroup is the top, whatever the path says.
        folders = {top, *(top / each for each in _parents(path))}
        for folder in folders:
            used, limit = (_number(folder / name) for name in names)
            if used is not None and limit is not None:
                yield used - _inactive(folder), limit


def _parents(path: str) -> Iterator[str]:
    parts = path.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _inactive(folder: Path) -> int:
    for line in _lines(folder / "memory.stat"):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _number(file: Path) -> int | None:
    """Return a file's number; None: there is no such file, or no bound (`max`)."""
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
