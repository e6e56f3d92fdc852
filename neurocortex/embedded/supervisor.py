"""Start services, watch them, start again what dies or hangs, stop them in order.

One thread and one loop. Whatever waits here, for a service to become ready or for a job to end,
looks after every service in the meantime.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from neurocortex.embedded import process, reaper
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.embedded.state import ServiceRecord
from neurocortex.embedded.watched import Watched
from neurocortex.errors import ServiceFailedError
from neurocortex.settings import EmbeddedSettings

TICK_S: Final = 0.05
"""Between two looks. A look is a few system calls: no noticeable load."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """Ctrl-C, or a signal that asks us to stop. Nothing went wrong."""


class Show(Protocol):
    """Where the supervisor says what happened on its own."""

    def note(self, text: str) -> None:
        """Take one line."""


class Supervisor:
    """The parent of all services. Made by `supervising()`."""

    def __init__(
        self,
        settings: EmbeddedSettings,
        show: Show,
        changed: Callable[[tuple[ServiceRecord, ...]], None],
    ) -> None:
        self._settings = settings
        self._show = show
        self._changed = changed
        self._watched: dict[str, Watched] = {}
        self._jobs: list[subprocess.Popen[bytes]] = []
        self._restarting = False
        self._stop_requests = 0

    def start(self, service: Service) -> None:
        """Start a service, and do not wait for it."""
        self._watched[service.name] = Watched(service, self._settings)
        self._changed(self._records())

    def wait_until_ready(self, *names: str) -> None:
        """Wait until all these services are ready.

        Raises:
            ServiceFailedError: a service died, or was not ready in time.
            StopRequestedError: somebody asked us to stop.
        """
        self.watch_until(lambda: all(self._watched[name].ready for name in names))

    def restart_what_dies(self) -> None:
        """From now on the end of a service is answered by a restart; before, it ends the start."""
        self._restarting = True

    def begin(self, job: Command) -> subprocess.Popen[bytes]:
        """Start a command that ends by itself, and do not wait for it."""
        child = process.spawn(job)
        self._jobs.append(child)
        return child

    def finish(self, job: subprocess.Popen[bytes]) -> int:
        """Wait for a command to end and return its exit code. Raises as `watch_until`."""
        self.watch_until(lambda: job.poll() is not None)
        self._jobs.remove(job)
        return job.returncode

    def watch_until(self, is_over: Callable[[], bool]) -> None:
        """Look after the services until something holds.

        Raises:
            ServiceFailedError: a service died more often than it may.
            StopRequestedError: somebody asked us to stop.
        """
        while True:
            if self._stop_requests:
                raise StopRequestedError
            self._look()
            if is_over():
                return
            time.sleep(TICK_S)

    def stop(self) -> None:
        """Stop everything, the youngest service first: each may need those before it.

        A second request to stop, while this goes on, kills what is left. Called again it finds
        nothing more to do.
        """
        for job in self._jobs:
            process.stop(job, signal.SIGTERM, self._patience_s())
        for watched in reversed(self._watched.values()):
            watched.ask_to_stop()
            deadline = time.monotonic() + self._settings.stop_timeout_s
            while not watched.is_gone() and time.monotonic() < deadline and self._patience_s():
                time.sleep(process.POLL_S)
            watched.kill()
        reaper.end_everything()
        self._watched.clear()
        self._changed(())

    def request_stop(self, *_: object) -> None:
        """Take a signal: the next look at the services ends with StopRequestedError."""
        self._stop_requests += 1

    def _patience_s(self) -> float:
        return 0.0 if self._stop_requests > 1 else self._settings.stop_timeout_s

    def _look(self) -> None:
        for watched in self._watched.values():
            before = (watched.pid, watched.ready)
            how = watched.look()
            if how is not None:
                self._died(watched, how)
            if before == (watched.pid, watched.ready):
                continue
            self._changed(self._records())
            if watched.came_back:
                self._show.note(f"{watched.service.name} is back")

    def _died(self, watched: Watched, how: str) -> None:
        """Clear away what the dead process left, and have it started again."""
        name, log = watched.service.name, watched.service.log
        own = {other.pid for other in self._watched.values()} | {job.pid for job in self._jobs}
        reaper.end_orphans(own)
        if not self._restarting:
            raise ServiceFailedError(name, how, log, process.tail(log))
        delay = watched.plan_restart(self._settings.max_restarts)
        if delay is None:
            raise ServiceFailedError(name, f"{how}, too often to go on", log, process.tail(log))
        self._show.note(f"{name} {how}; it starts again in {delay:g} s")

    def _records(self) -> tuple[ServiceRecord, ...]:
        return tuple(watched.record for watched in self._watched.values())


@contextmanager
def supervising(
    settings: EmbeddedSettings,
    show: Show,
    changed: Callable[[tuple[ServiceRecord, ...]], None],
) -> Iterator[Supervisor]:
    """Yield a supervisor that gets our signals; stop everything at the end, however it comes.

    Args:
        settings: how patient it is.
        show: gets a line for each thing that happens by itself.
        changed: is called with all services whenever one of them changes.
    """
    supervisor = Supervisor(settings, show, changed)
    reaper.adopt_orphans()
    before = {number: signal.signal(number, supervisor.request_stop) for number in _heard()}
    try:
        yield supervisor
    finally:
        try:
            supervisor.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _heard() -> list[signal.Signals]:
    """Return the signals to stop on; under nohup the end of the terminal is none of them."""
    nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOP_SIGNALS if not (nohup and number is signal.SIGHUP)]
