"""Holding a run to a fraction of a core where no cgroup can: it is stopped while it is ahead.

As cpulimit does (https://github.com/opsengine/cpulimit), but by a token bucket instead of fixed
slots: a run that waits most of the time is never stopped, and what it took too much because nobody
looked in time it makes up for.
"""

import asyncio
import math
import signal
import time
from dataclasses import dataclass, field
from typing import Final

from neurocortex.worker.family import cpu_s, tell

PERIOD_S: Final = 0.1
"""Of the kernel's own quota as well (cpu.max). A stop takes about so long: heartbeats, a
cancellation and the API wait no longer."""

SOONEST_S: Final = 0.005
"""A look takes some 50 microseconds for each process of the run: a hundredth of a core at most."""


@dataclass(slots=True)
class Bucket:
    """Processor time that a run may take now. Pure: it is told of time."""

    cores: float
    stopped: bool = field(default=False, init=False)
    """Whether the run is to be stopped."""
    _tokens_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what a period allows."""
        self._tokens_s = self._full_s

    @property
    def _full_s(self) -> float:
        return self.cores * PERIOD_S

    def look(self, elapsed_s: float, used_s: float) -> float:
        """Take in what happened since the last look, and return how long until the next one.

        Args:
            elapsed_s: since then.
            used_s: processor time that the run took since then.
        """
        self._tokens_s = min(self._full_s, self._tokens_s + elapsed_s * self.cores - used_s)
        if self._tokens_s <= 0:
            self.stopped = True
        elif self._tokens_s >= self._full_s:
            self.stopped = False
        if self.stopped:
            return max(SOONEST_S, (self._full_s - self._tokens_s) / self.cores)
        # It is held to so many whole cores: the bucket is not empty before then.
        fastest = math.ceil(self.cores) - self.cores
        return max(SOONEST_S, self._tokens_s / fastest)


async def throttle(pid: int, cores: float) -> None:
    """Hold a process and all it starts to a fraction of its cores, until this is cancelled.

    Args:
        pid: of the process.
        cores: how many it may use; no whole number: for those it needs nobody to watch.
    """
    bucket = Bucket(cores)
    looked, used = time.monotonic(), cpu_s(pid)
    pause_s = bucket.look(0, used)
    try:
        while True:
            await asyncio.sleep(pause_s)
            now, uses, was_stopped = time.monotonic(), cpu_s(pid), bucket.stopped
            pause_s = bucket.look(now - looked, max(0.0, uses - used))
            looked, used = now, uses
            if bucket.stopped:
                tell(pid, signal.SIGSTOP)  # again as well: it may have forked meanwhile
            elif was_stopped:
                tell(pid, signal.SIGCONT)
    finally:
        if bucket.stopped:
            tell(pid, signal.SIGCONT)
