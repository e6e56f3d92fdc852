"""Warm processes: the worker's end of the zygote."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from prefect.settings import get_current_settings

from neurocortex.worker.messages import (
    MAX_PACKET,
    Ended,
    Event,
    Ready,
    Start,
    Started,
    decode_event,
    encode,
    pair,
)

ONE_THREAD: Final = {
    # Their pools of threads would start in the zygote, at import, and not exist in its forks.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Arrow, which pandas imports, has a thread of its allocator that gives memory back.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}

KILLED: Final = -signal.SIGKILL
"""Exit code of a process whose zygote died: the kernel killed it as well."""

RESTART_S: Final = 0.5
"""Pause before a zygote that died is started again: it may die at once, again and again."""

logger = logging.getLogger(__name__)


def _prefect_settings() -> dict[str, str]:
    """Return the settings Prefect's workers add to a run's environment.

    A run with the zygote's own settings uses the modules in memory; another has to import the
    project's again.
    """
    return get_current_settings().to_environment_variables(exclude_unset=True)


@dataclass(eq=False, slots=True)
class WarmProcess:
    """A process of a flow run; in the shape that Prefect's `ProcessHandle` takes."""

    pid: int
    returncode: int | None = None
    """Exit code, below 0 the signal that ended it; None while it runs."""
    cpu_s: float = 0.0
    """Processor time it took, known once it has ended."""
    peak_mb: float = 0.0
    """Largest resident memory, known once it has ended."""
    written_mb: float = 0.0
    """What it wrote to disks, known once it has ended."""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> int:
        """Wait for its end, and return the exit code."""
        await self._ended.wait()
        assert self.returncode is not None  # noqa: S101 - `end` sets both
        return self.returncode

    def end(
        self, code: int, cpu_s: float = 0.0, peak_mb: float = 0.0, written_mb: float = 0.0
    ) -> None:
        """Take note of its end."""
        self.returncode, self.cpu_s = code, cpu_s
        self.peak_mb, self.written_mb = peak_mb, written_mb
        self._ended.set()


class WarmProcesses:
    """Starts processes from a zygote, and starts another zygote when that has died.

    An async context manager; processes that still run at its exit are killed.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        """Take the modules to import ahead, in the environment of this process."""
        self._preload = tuple(preload)
        self._starting: dict[str, asyncio.Future[WarmProcess]] = {}
        self._running: dict[int, WarmProcess] = {}
        self._is_ready = asyncio.Event()
        self._is_replaced = asyncio.Event()
        self._ready: Ready | None = None
        self._replacing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "WarmProcesses":
        """Start the zygote; it takes orders at once, and imports meanwhile."""
        self._spawn()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the zygote, and all processes with it."""
        if self._replacing is not None:
            self._replacing.cancel()
        await self._bury()

    async def ready(self) -> Ready:
        """Wait until all modules are imported, and return what that took."""
        await self._is_ready.wait()
        assert self._ready is not None  # noqa: S101 - set before the event
        return self._ready

    async def replaced(self) -> None:
        """Wait until a zygote that died has a successor."""
        await self._is_replaced.wait()

    async def start(self, order: Start) -> WarmProcess:
        """Start a process.

        Raises:
            ConnectionError: the zygote died before it forked; another one is on its way.
        """
        loop = asyncio.get_running_loop()
        started: asyncio.Future[WarmProcess] = loop.create_future()
        self._starting[order.run] = started
        try:
            await loop.sock_sendall(self._socket, encode(order))
            return await started
        finally:
            self._starting.pop(order.run, None)

    def _spawn(self) -> None:
        ours, theirs = pair()
        ours.setblocking(False)
        with theirs:
            self._reaper = subprocess.Popen(
                [
                    *(sys.executable, "-m", "neurocortex.worker.zygote"),
                    *(str(os.getpid()), str(theirs.fileno())),
                    *self._preload,
                ],
                env={**os.environ, **_prefect_settings(), **ONE_THREAD},
                pass_fds=[theirs.fileno()],
            )
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)

    def _hear(self) -> None:
        """Take everything the zygote has said."""
        while True:
            try:
                packet = self._socket.recv(MAX_PACKET)
            except BlockingIOError:
                return
            except ConnectionError:
                packet = b""
            if not packet:
                asyncio.get_running_loop().remove_reader(self._socket)
                self._replacing = asyncio.create_task(self._replace())
                return
            self._take(decode_event(packet))

    def _take(self, event: Event) -> None:
        match event:
            case Ready():
                self._ready = event
                self._is_ready.set()
            case Started(run, pid):
                process = self._running[pid] = WarmProcess(pid)
                waiting = self._starting.get(run)
                if waiting is None or waiting.done():
                    os.kill(pid, signal.SIGKILL)  # whoever asked for it is gone
                else:
                    waiting.set_result(process)
            case Ended(_, pid, status, cpu_s, peak_mb, written_mb):
                self._running.pop(pid).end(status, cpu_s, peak_mb, written_mb)

    async def _replace(self) -> None:
        """Start another zygote: this one has died, and the kernel killed its children."""
        logger.warning(
            "The process that flow runs are forked from died; %d runs died with it.",
            len(self._running),
        )
        await self._bury()
        await asyncio.sleep(RESTART_S)
        self._spawn()
        self._is_replaced.set()

    async def _bury(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._is_ready.clear()
        self._is_replaced.clear()
        self._reaper.terminate()  # it ends the zygote, and all that runs have started
        await asyncio.to_thread(self._reaper.wait)
        for waiting in self._starting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the zygote died before it forked"))
        for process in self._running.values():
            process.end(KILLED)
        self._running.clear()
