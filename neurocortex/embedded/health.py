"""Asking a service that runs whether it still answers: a process can hang and live."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from neurocortex.errors import ServiceError
from neurocortex.settings import EmbeddedSettings


@dataclass(slots=True)
class _Question:
    """A question that was asked; a thread waits for the answer, so that the supervisor need not."""

    asked_at: float
    good: bool = False
    answered: threading.Event = field(default_factory=threading.Event)

    def ask(self, is_alive: Callable[[float], bool], timeout_s: float) -> None:
        try:
            self.good = is_alive(timeout_s)
        except ServiceError:
            self.good = False  # it answers, and what it says is of no use
        finally:
            self.answered.set()


class HealthCheck:
    """Asks a service now and then, and counts the bad answers in a row.

    An answer that does not come in time is a bad one. Times are of `time.monotonic()`.
    """

    def __init__(self, is_alive: Callable[[float], bool], settings: EmbeddedSettings) -> None:
        """Ask for the first time after a while."""
        self._is_alive = is_alive
        self._settings = settings
        self._question: _Question | None = None
        self._next = time.monotonic() + settings.health_every_s
        self._failures = 0

    def look(self) -> str | None:
        """Ask when it is time, take in an answer that has come; never wait.

        Returns:
            What is wrong, once it went wrong so often in a row that only a restart helps.
        """
        now = time.monotonic()
        question = self._question
        if question is None:
            if now >= self._next:
                self._ask(now)
        elif question.answered.is_set():
            self._take(good=question.good, now=now)
        elif now - question.asked_at > self._settings.health_timeout_s:
            self._take(good=False, now=now)
        if self._failures < self._settings.health_failures:
            return None
        return f"failed {self._failures} health checks in a row"

    def _ask(self, now: float) -> None:
        question = self._question = _Question(now)
        asking = (self._is_alive, self._settings.health_timeout_s)
        threading.Thread(target=question.ask, args=asking, name="health", daemon=True).start()

    def _take(self, *, good: bool, now: float) -> None:
        self._failures = 0 if good else self._failures + 1
        self._question = None
        self._next = now + self._settings.health_every_s
