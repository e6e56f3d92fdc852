"""A process and all it has started, as the kernel lists them.

A process that left its parent by a double fork is listed below the nearest ancestor that adopts
orphans: see `reaper`.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
TIMES: Final = slice(11, 15)
"""Of the fields of `stat` that follow the command: user and system time of the process, and of
those children that it has waited for (proc(5))."""


def children(pid: int) -> list[int]:
    """Return the children of a process; none once it is gone."""
    try:
        threads = list((PROCESSES / str(pid) / "task").iterdir())
        return [
            int(child) for thread in threads for child in (thread / "children").read_text().split()
        ]
    except OSError:
        return []


def family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    for child in children(pid):
        yield from family(child)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process and its descendants have taken, in seconds."""
    return sum(map(_ticks, family(pid))) / TICKS_PER_S


def tell(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and its descendants."""
    for each in list(family(pid)):  # before they end: then they are nobody's
        with suppress(ProcessLookupError, PermissionError):  # ended, or somebody else's by `sudo`
            os.kill(each, number)


def _ticks(pid: int) -> int:
    try:
        stat = (PROCESSES / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return 0  # it has ended: what it took is its parent's
    # The command is in brackets, and may hold spaces and brackets itself.
    return sum(map(int, stat.rpartition(")")[2].split()[TIMES]))
