"""How much memory a run takes beyond what it shares with the other runs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")
PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


def private_mb(pid: int) -> float:
    """Return the anonymous memory of a process and its descendants in MB; 0 once it is gone.

    A fork counts what it shares with the zygote as well: compare with its first figure.
    """
    return sum(_anonymous_pages(each) for each in _family(pid)) * PAGE_MB


def _family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    try:
        threads = list((PROCESSES / str(pid) / "task").iterdir())
        children = [
            child for thread in threads for child in (thread / "children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _anonymous_pages(pid: int) -> int:
    try:
        _, resident, of_files, *_ = (PROCESSES / str(pid) / "statm").read_text().split()
    except OSError:
        return 0
    return int(resident) - int(of_files)
