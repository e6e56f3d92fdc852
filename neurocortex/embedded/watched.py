"""One service with its process: started, ready, dead or hung, started again, stopped."""

import signal
import time

from neurocortex.embedded import process, restarts
from neurocortex.embedded.health import HealthCheck
from neurocortex.embedded.service import Service
from neurocortex.embedded.state import ProcessRecord, ServiceRecord
from neurocortex.settings import EmbeddedSettings


class Watched:
    """A service's life. Times are of `time.monotonic()`."""

    def __init__(self, service: Service, settings: EmbeddedSettings) -> None:
        """Start the service; `look()` will tell when it is ready."""
        self.service = service
        self.ready = False
        self.restarts = 0
        self._settings = settings
        self._health: HealthCheck | None = None
        self._deaths: list[float] = []
        self._restart_at: float | None = None
        self._spawn()

    def _spawn(self) -> None:
        self._process = process.spawn(self.service.command())
        self._born = ProcessRecord.of(self._process.pid)
        self._started_at = time.time()
        self._deadline = time.monotonic() + self._settings.start_timeout_s
        self._restart_at = None

    @property
    def pid(self) -> int:
        """Of its process, the last one while there is none."""
        return self._process.pid

    @property
    def record(self) -> ServiceRecord:
        """What the state file says of it."""
        return ServiceRecord(
            pid=self._born.pid,
            created=self._born.created,
            name=self.service.name,
            port=self.service.port,
            address=self.service.address,
            started_at=self._started_at,
            restarts=self.restarts,
        )

    @property
    def came_back(self) -> bool:
        """Whether it is ready after a death."""
        return self.ready and self.restarts > 0

    def look(self) -> str | None:
        """Look after the process once: note whether it became ready, start it again when due.

        Returns:
            How it just died, e.g. "was killed by SIGKILL", or why it was killed because it hung;
            None when it lives.
        """
        if self._restart_at is not None:
            if time.monotonic() >= self._restart_at:
                self._spawn()
                self.restarts += 1
        elif (code := self._process.poll()) is not None:
            self.ready = False
            return _ending(code)
        elif not self.ready:
            return self._look_at_start()
        elif self._health is not None and (wrong := self._health.look()) is not None:
            return self._end(wrong)
        return None

    def _look_at_start(self) -> str | None:
        self.ready = self.service.is_ready()
        if self.ready:
            ask = self.service.is_alive
            self._health = HealthCheck(ask, self._settings) if ask else None
        elif time.monotonic() > self._deadline:
            return self._end(f"was not ready within {self._settings.start_timeout_s:g} s")
        return None

    def _end(self, why: str) -> str:
        """Kill a process that does not do what it should: it may be stopped and hear nothing."""
        process.stop(self._process, signal.SIGKILL, timeout_s=0)
        self.ready = False
        return why

    def plan_restart(self, max_restarts: int) -> float | None:
        """Have a dead service started again after a while.

        Returns:
            The while in seconds; None when it died too often, and stays dead.
        """
        now = time.monotonic()
        self._deaths.append(now)
        delay = restarts.delay(self._deaths, now, max_restarts)
        if delay is not None:
            self._restart_at = now + delay
        return delay

    def ask_to_stop(self) -> None:
        """Send the signal that ends it in order."""
        if self._process.poll() is None:
            self._process.send_signal(self.service.stop_signal)

    def is_gone(self) -> bool:
        """Tell whether its process has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End its process now, with what that started."""
        process.stop(self._process, signal.SIGKILL, timeout_s=0)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"was killed by signal {-code}"
