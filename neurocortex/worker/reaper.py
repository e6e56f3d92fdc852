"""The parent of a zygote: whatever ends, and how, nothing that a run has started outlives it.

A process group can be left, and a session, by whoever forks twice. The kernel gives an orphan to
the nearest ancestor that adopts them (prctl(2), PR_SET_CHILD_SUBREAPER), and three do: a run's
process, so that whatever it has started stays its family while it lives; the zygote, which ends
what a run leaves behind; and the reaper, which ends what a zygote leaves behind and, when the
worker dies, all of them. Killing does not need a process to be awake: a stopped one dies as well.

Were the reaper itself killed, the kernel would kill the zygote and its runs, and only what has left
a run would stay. It does nothing but wait and holds next to no memory: nothing picks it.
"""

import ctypes
import os
import signal
from collections.abc import Container
from contextlib import suppress
from typing import Final

from neurocortex.embedded.launch import die_with_parent
from neurocortex.worker.family import children

PR_SET_CHILD_SUBREAPER: Final = 36
"""Kept over `exec`, not over `fork` (prctl(2))."""

WAKES: Final = {signal.SIGCHLD, signal.SIGTERM}
"""A child has ended; the worker has, or wants us to end."""


def adopt_orphans() -> None:
    """Become the parent of those of our descendants whose parent ends before them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def end_children(but: Container[int | None] = ()) -> bool:
    """Have the kernel end every child of this process but some. What they leave comes to us.

    Returns:
        Whether there was any; those that are somebody else's by now, as by `sudo`, do not count.
    """
    found = False
    for pid in children(os.getpid()):
        if pid not in but:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                found = True
    return found


def stand_behind(worker: int, socket: int) -> bool:
    """Go on in a fork, and in this process wait for its end and the worker's.

    Args:
        worker: pid of our parent.
        socket: descriptor that is the fork's alone: by its closing the worker hears of its end.

    Returns:
        In the fork, True; False where there is nothing to do, as the worker or we have died.
    """
    adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKES)
    if not die_with_parent(worker, signal.SIGTERM):
        return False
    reaper = os.getpid()
    zygote = os.fork()
    if zygote == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKES)
        return die_with_parent(reaper, signal.SIGKILL)
    os.close(socket)
    while signal.sigwait(WAKES) is signal.SIGCHLD:
        if zygote in _ended():
            break
    _end_all()
    os._exit(0)


def _ended() -> set[int]:
    """Return the children that have ended since the last call."""
    found = set()
    with suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            found.add(pid)
    return found


def _end_all() -> None:
    """End whatever is left of us, and wait for it."""
    while end_children():
        os.waitpid(-1, 0)
