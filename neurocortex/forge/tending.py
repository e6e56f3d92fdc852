"""A thread that looks after the pool for as long as it holds a model, also when nobody asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import sleep


@dataclass(slots=True)
class Tending:
    """Calls `tend` now and then until that returns False, which means that nothing is left."""

    tend: Callable[[], bool]
    every_s: float
    _lock: Lock = field(default_factory=Lock)
    _is_running: bool = False

    def begin(self) -> None:
        """Look after it from now on."""
        with self._lock:
            if not self._is_running:
                self._is_running = True
                Thread(target=self._run, name="model pool", daemon=True).start()

    def _run(self) -> None:
        while True:
            sleep(self.every_s)
            with self._lock:
                if not self.tend():
                    self._is_running = False
                    return
