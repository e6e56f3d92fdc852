"""`python -m neurocortex.worker.zygote WORKER SOCKET MODULE...`: what flow runs are forked from.

It imports what flows need once, and each run starts in a fork of it, in milliseconds, with those
modules in memory it shares. The word is Android's (its app processes begin the same way).

It has one thread: a fork copies no other, and a lock that one holds would stay locked for ever. So
it talks to nobody but its worker, whose pid WORKER is, and dies with it.

The standard library's `forkserver` is the same idea; but it imports the worker's main module again
in every child, and tells neither the memory nor the processor time a child took.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from neurocortex.embedded.launch import die_with_parent
from neurocortex.worker import child
from neurocortex.worker.cores import Cores
from neurocortex.worker.engine_settings import engine_settings
from neurocortex.worker.freshness import project_modules
from neurocortex.worker.messages import (
    MAX_PACKET,
    Ended,
    Ready,
    Start,
    Started,
    decode_start,
    encode,
)
from neurocortex.worker.rehearsal import rehearse

if TYPE_CHECKING:
    from prefect.context import SettingsContext

TASKS: Final = "/proc/self/task"
PAGES: Final = "/proc/self/statm"


def main() -> None:
    """Serve until the worker is gone; in a fork, run the flow run it was made for."""
    worker, descriptor, *modules = sys.argv[1:]
    if not die_with_parent(int(worker), signal.SIGKILL):
        return
    # Ctrl-C in a terminal goes to every process in it; how runs end is the worker's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    zygote = Zygote(socket.socket(fileno=int(descriptor)), modules)
    order = zygote.serve()
    if order is not None:
        child.run(order, zygote.project, zygote.settings)


class Zygote:
    """Imports, then forks on order."""

    def __init__(self, worker: socket.socket, modules: list[str]) -> None:
        self._worker = worker
        self._modules = deque(modules)
        self._runs: dict[int, str] = {}
        self._cores = Cores(sorted(os.sched_getaffinity(0)))
        self._started = time.monotonic()
        self.project = project_modules()
        self.settings: SettingsContext | None = None

    def serve(self) -> Start | None:
        """Return in a fork with its order, and in the zygote with None once the worker is gone.

        Orders come before imports: one that comes early pays for the modules it needs itself.
        """
        with _child_signals() as ended:
            waiting = select.poll()
            waiting.register(self._worker, select.POLLIN)
            waiting.register(ended, select.POLLIN)
            while True:
                for descriptor, _ in waiting.poll(0 if self._modules else None):
                    if descriptor == ended:
                        os.read(ended, 4096)
                        self._reap()
                    else:
                        packet = self._worker.recv(MAX_PACKET)
                        if not packet:
                            return None
                        order = decode_start(packet)
                        if self._fork(order):
                            return order
                if self._modules:
                    self._import(self._modules.popleft())

    def _import(self, name: str) -> None:
        """Import a module; one that cannot be is the run's to complain about that needs it."""
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever a module does at import
            print(f"{name} is not preloaded: {error!r}", file=sys.stderr)  # noqa: T201
        self.project = project_modules()
        if self._modules:
            return
        if "prefect.context" in sys.modules:
            self.settings = engine_settings()
        rehearse()
        threads = len(os.listdir(TASKS)) if os.path.isdir(TASKS) else 1  # noqa: PTH208, PTH112
        if threads > 1:
            print(f"{threads} threads after the imports: forks may hang", file=sys.stderr)  # noqa: T201
        # What is here now stays: a collection would only touch, and so copy, pages in every fork.
        gc.collect()
        gc.freeze()
        self._say(Ready(_resident_mb(), time.monotonic() - self._started))

    def _fork(self, order: Start) -> bool:
        """Start a process for a run; return whether we are that process."""
        zygote, cores = os.getpid(), self._cores.quietest(order.cores)
        pid = os.fork()
        if pid:
            # In both processes, so that it is done whichever goes on first.
            os.setpgid(pid, pid)
            self._runs[pid] = order.run
            self._cores.take(pid, cores)
            self._say(Started(order.run, pid))
            return False
        # A group of its own: whoever ends the run ends what the run has started.
        os.setpgid(0, 0)
        self._worker.close()
        if not die_with_parent(zygote, signal.SIGKILL):
            os._exit(1)
        if cores:
            os.sched_setaffinity(0, cores)
        return True

    def _reap(self) -> None:
        """Tell the worker of every process that has ended."""
        while self._runs:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            self._cores.give_back(pid)
            run = self._runs.pop(pid, None)
            if run is not None:
                code = os.waitstatus_to_exitcode(status)
                cpu_s = used.ru_utime + used.ru_stime
                self._say(Ended(run, pid, code, cpu_s, used.ru_maxrss / 1024))

    def _say(self, event: Ready | Started | Ended) -> None:
        try:
            self._worker.send(encode(event))
        except (BrokenPipeError, ConnectionResetError):
            # The next read finds the worker gone.
            return


@contextmanager
def _child_signals() -> Iterator[int]:
    """Yield a descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before_wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        yield reading
    finally:
        signal.signal(signal.SIGCHLD, before)
        signal.set_wakeup_fd(before_wakeup)
        os.close(reading)
        os.close(writing)


def _resident_mb() -> float:
    with open(PAGES, encoding="ascii") as pages:  # noqa: PTH123
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
