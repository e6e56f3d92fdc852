"""What the supervisor starts, watches and stops."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neurocortex.embedded.process import Command


@dataclass(frozen=True, slots=True)
class Service:
    """A long-running child process."""

    name: str
    command: Callable[[], Command]
    """Called at each start."""
    is_ready: Callable[[], bool]
    """Asked again and again while it starts; returns within a few seconds. A
    ServiceFailedError from it says that waiting is in vain."""
    stop_signal: signal.Signals
    log: Path
    port: int | None
    address: str
    """For people: no password in it. Empty where nothing listens."""
    is_alive: Callable[[float], bool] | None = None
    """Asked now and then while it runs, in a thread of its own, with the seconds it may take; bad
    answers in a row have it started again. False only for what a restart puts right; None where
    there is nothing to ask."""
