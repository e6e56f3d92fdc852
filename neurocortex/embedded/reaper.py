"""Be the parent that orphans fall to, so that none is left behind.

A flow run's process whose worker was killed, or a PostgreSQL session whose postmaster was, goes
to the nearest "child subreaper" above it (prctl(2), PR_SET_CHILD_SUBREAPER; Linux). Elsewhere it
goes to init, and ends when it notices that its parent is gone.
"""

import ctypes
import os
import sys
from collections.abc import Set
from typing import Final

import psutil

from neurocortex.embedded.process import descendants, end

PR_SET_CHILD_SUBREAPER: Final = 36


def adopt_orphans() -> None:
    """Make this process the one that its descendants' orphans fall to."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        zero = ctypes.c_ulong(0)
        if libc.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), zero, zero, zero) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def end_orphans(own: Set[int]) -> None:
    """Kill adopted processes with all they started, and bury them.

    Args:
        own: pids of the children that we started ourselves; they stay.
    """
    orphans = [child for child in psutil.Process().children() if child.pid not in own]
    offspring = [process for orphan in orphans for process in descendants(orphan.pid)]
    end([*offspring, *orphans], timeout_s=0)
    for orphan in orphans:
        _bury(orphan.pid)


def end_everything() -> None:
    """Kill every descendant of this process."""
    end(descendants(os.getpid()), timeout_s=0)
    for child in psutil.Process().children():
        _bury(child.pid)


def _bury(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # psutil has waited for it already
