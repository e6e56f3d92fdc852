"""`python -m neurocortex.worker.zygote WORKER SOCKET MODULE...`: what flow runs are forked from.

It imports what flows need once, and each run starts in a fork of it, in milliseconds, with those
modules in memory it shares. The word is Android's (its app processes begin the same way).

It has one thread: a fork copies no other, and a lock that one holds would stay locked for ever. So
it talks to nobody but its worker, whose pid WORKER is, and dies with it: see `reaper`, which stands
between the two.

While it imports it neither forks nor sees that a run has ended, and what takes long to import takes
seconds. So where a MODULE is `-`, a fork of it, its successor, imports those that follow; it goes
on with what it has, and leaves new runs to the successor once that is ready. From then on it only
waits for the runs it has, and for the end of the successor, which is its own.

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
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from neurocortex.embedded.launch import EXIT_CANNOT_RUN, die_with_parent
from neurocortex.worker import child
from neurocortex.worker.cores import Cores
from neurocortex.worker.engine_settings import engine_settings
from neurocortex.worker.freshness import project_modules
from neurocortex.worker.memory import end_first_without_memory
from neurocortex.worker.messages import (
    MAX_PACKET,
    SUCCESSOR,
    Ended,
    Ready,
    Start,
    Started,
    decode_start,
    encode,
)
from neurocortex.worker.reaper import adopt_orphans, end_children, stand_behind
from neurocortex.worker.rehearsal import rehearse

if TYPE_CHECKING:
    from prefect.context import SettingsContext

NOBODY: Final = -1
"""In the place of a descriptor."""

TASKS: Final = "/proc/self/task"
BLOCK: Final = 512
"""Bytes: the kernel's unit of `ru_oublock`, whatever the disk's is (getrusage(2))."""

PAGES: Final = "/proc/self/statm"


def main() -> None:
    """Serve until the worker is gone; in a fork, run the flow run it was made for."""
    worker, descriptor, *modules = sys.argv[1:]
    # Ctrl-C in a terminal goes to every process in it; how runs end is the worker's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not stand_behind(int(worker), int(descriptor)):
        return
    adopt_orphans()
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
        self._successor: int | None = None
        self._ready, self._predecessor = NOBODY, NOBODY
        """Where a successor says that it is ready, at its predecessor's and at its own end."""
        self.project = project_modules()
        self.settings: SettingsContext | None = None

    def serve(self) -> Start | None:
        """Return in a fork with its order, and in the zygote with None once the worker is gone.

        Orders come before imports: one that comes early pays for the modules it needs itself.
        """
        with _child_signals() as ended:
            waiting = select.poll()
            waiting.register(ended, select.POLLIN)
            if self._predecessor == NOBODY:
                waiting.register(self._worker, select.POLLIN)
            while True:
                events = {which for which, _ in waiting.poll(0 if self._modules else None)}
                if ended in events:
                    os.read(ended, 4096)
                    if not self._reap():
                        return None
                if self._ready in events:
                    waiting.unregister(self._ready)
                    waiting.unregister(self._worker)
                elif self._worker.fileno() in events:
                    try:
                        packet = self._worker.recv(MAX_PACKET, socket.MSG_DONTWAIT)
                    except BlockingIOError:
                        continue  # the successor was faster
                    if not packet:
                        return None
                    order = decode_start(packet)
                    if self._fork(order):
                        return order
                if not self._modules:
                    continue
                if self._modules[0] == SUCCESSOR:
                    if self._fork_successor():
                        break
                    waiting.register(self._ready, select.POLLIN)
                    continue
                self._import(self._modules.popleft())
                if not self._modules:
                    self._begin_to_serve()
                    waiting.register(self._worker, select.POLLIN)
        return self.serve()  # as the successor, which hears of children of its own

    def _import(self, name: str) -> None:
        """Import a module; one that cannot be is the run's to complain about that needs it."""
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever a module does at import
            print(f"{name} is not preloaded: {error!r}", file=sys.stderr)  # noqa: T201
        self.project = project_modules()

    def _prepare_forks(self) -> None:
        """Do once what each fork would have to."""
        if "prefect.context" in sys.modules:
            self.settings = engine_settings()
        rehearse()
        threads = len(os.listdir(TASKS)) if os.path.isdir(TASKS) else 1  # noqa: PTH208, PTH112
        if threads > 1:
            print(f"{threads} threads after the imports: forks may hang", file=sys.stderr)  # noqa: T201
        # What is here now stays: a collection would only touch, and so copy, pages in every fork.
        gc.collect()
        gc.freeze()

    def _begin_to_serve(self) -> None:
        """Say that all is imported."""
        self._prepare_forks()
        if self._predecessor != NOBODY:
            os.write(self._predecessor, b".")
            os.close(self._predecessor)
            self._predecessor = NOBODY
        self._say(Ready(_resident_mb(), time.monotonic() - self._started))

    def _fork_successor(self) -> bool:
        """Leave the other imports to a fork; return whether we are it."""
        self._modules.popleft()
        self._prepare_forks()
        zygote = os.getpid()
        ready, predecessor = os.pipe()
        self._successor = os.fork()
        if self._successor:
            os.close(predecessor)
            self._ready = ready
            self._modules.clear()
            return False
        os.close(ready)
        if not die_with_parent(zygote, signal.SIGKILL):
            os._exit(1)
        adopt_orphans()
        self._successor, self._predecessor = None, predecessor
        self._runs.clear()
        self._cores = Cores(sorted(os.sched_getaffinity(0)))
        return True

    def _fork(self, order: Start) -> bool:
        """Start a process for a run; return whether we are that process."""
        zygote, cores = os.getpid(), self._cores.quietest(order.cores)
        pid = os.fork()
        if pid:
            # In both processes, so that it is done whichever goes on first.
            with suppress(PermissionError):  # it runs a command already, in a group of its own
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
        adopt_orphans()
        if order.entrance:
            _enter(order.entrance)
        end_first_without_memory()
        if cores:
            os.sched_setaffinity(0, cores)
        return True

    def _reap(self) -> bool:
        """Tell the worker of every process that has ended; return whether to go on."""
        ended = []
        with suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._successor:
                    return False  # its runs died with it: the worker hears of it by our end
                self._cores.give_back(pid)
                run = self._runs.pop(pid, None)
                if run is not None:
                    code = os.waitstatus_to_exitcode(status)
                    cpu_s = used.ru_utime + used.ru_stime
                    written_mb = used.ru_oublock * BLOCK / 2**20
                    ended.append(Ended(run, pid, code, cpu_s, used.ru_maxrss / 1024, written_mb))
        # All others that are our children now are what runs have left behind.
        end_children(but={*self._runs, self._successor})
        for event in ended:
            self._say(event)
        return True

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


def _enter(cgroup: str) -> None:
    """Move this process into a cgroup; whoever cannot be held to its limits does not run."""
    try:
        with open(cgroup, "w", encoding="ascii") as processes:  # noqa: PTH123
            processes.write("0")
    except OSError as error:
        print(f"{cgroup} cannot be entered: {error}", file=sys.stderr)  # noqa: T201
        os._exit(EXIT_CANNOT_RUN)


def _resident_mb() -> float:
    with open(PAGES, encoding="ascii") as pages:  # noqa: PTH123
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
