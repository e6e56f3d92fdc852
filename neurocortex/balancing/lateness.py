"""Which endpoints have become slow, as one process sees it: calls in a row that are late to begin.

One late call in twenty is as it should be. Several in a row at one endpoint, and none at the
others, are a sign about all calls that it has: they need not become late each for itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

Wake = Callable[[], object]
"""Has a call look at once; called from any thread."""


class Lateness:
    """Of the endpoints of one model. Safe to use from several threads."""

    def __init__(self, enough: int) -> None:
        """Take so many late calls in a row as a sign."""
        self._enough = enough
        self._in_row: Counter[str] = Counter()
        self._waiting: dict[Wake, str] = {}
        self._lock = Lock()

    def late(self, name: str) -> None:
        """Count a call that has not begun when it should have."""
        with self._lock:
            self._in_row[name] += 1

    def in_time(self, name: str) -> None:
        """Count one that has begun: the row ends."""
        with self._lock:
            del self._in_row[name]

    def is_slow(self, name: str) -> bool:
        """Tell whether an endpoint is slow, and no other: else the model is, or this machine."""
        with self._lock:
            slow = [each for each, count in self._in_row.items() if count >= self._enough]
            return slow == [name]

    def wake(self, name: str) -> None:
        """Have all calls look that wait for an endpoint: it is slow."""
        with self._lock:
            wakes = [wake for wake, where in self._waiting.items() if where == name]
        for wake in wakes:
            wake()

    @contextmanager
    def waiting(self, name: str, wake: Wake) -> Iterator[None]:
        """Have a call woken that waits for an endpoint."""
        with self._lock:
            self._waiting[wake] = name
        try:
            yield
        finally:
            with self._lock:
                del self._waiting[wake]
