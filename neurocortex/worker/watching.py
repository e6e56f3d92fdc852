"""Holding runs to their limits where no cgroup can: the worker looks, and ends or stops them.

Memory is looked at ten times a second, and sooner the closer a run is to its limit: before it could
be over, at the pace at which memory can be filled. A bound by the kernel on its address space
(RLIMIT_DATA) would hold each process for itself only, and end runs that do no harm: Arrow's
allocator reserves a gigabyte at its first use, each thread its stack.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prefect.client.schemas.objects import State

from neurocortex.worker.limits import LOOK_S, Limits, Peak, over_memory
from neurocortex.worker.memory import private_mb, proportional_mb
from neurocortex.worker.throttle import throttle

SOONEST_S: Final = 0.01
"""A look takes some 50 microseconds for each process of the run."""

FILLED_MB_S: Final = 4000.0
"""Memory that a run fills in a second: a core writes zeros into new pages at half of that."""


class WatchedRuns:
    """The runs of a worker: an `Enforcement`."""

    @contextmanager
    def enclose(self, limits: Limits) -> Iterator["WatchedRun"]:
        """Hold a run."""
        yield WatchedRun(limits)


class WatchedRun:
    """One run: an `Enclosure`."""

    entrance: Final = ""
    cpu_s: Final = None

    def __init__(self, limits: Limits) -> None:
        """Take what it may take."""
        self._limits = limits
        self._peak = Peak()

    @property
    def peak_mb(self) -> float | None:
        """As far as was seen."""
        return self._peak.mb

    async def watch(self, pid: int) -> State:
        """Hold the process and all it starts to its share, until they are over their memory."""
        cores = self._limits.cores
        if cores % 1 == 0 or cores >= len(os.sched_getaffinity(0)):
            return await self._over_memory(pid)  # whole cores are the kernel's to hold it to
        async with asyncio.TaskGroup() as both:
            share = both.create_task(throttle(pid, cores))
            state = await self._over_memory(pid)
            share.cancel()
        return state

    def verdict(self) -> State | None:
        """Return nothing: what is ended here is ended by the watch."""
        return None

    async def _over_memory(self, pid: int) -> State:
        limit_mb, shared = self._limits.memory_mb, private_mb(pid)
        taken = 0.0
        while True:
            await asyncio.sleep(next_look_s(taken, limit_mb))
            taken = private_mb(pid) - shared
            if taken > limit_mb:
                # Processes that a run forked share pages with it, and each counts them.
                taken = min(taken, proportional_mb(pid))
            self._peak.saw(taken)
            if taken > limit_mb:
                return over_memory(self._limits, taken)


def next_look_s(taken_mb: float, limit_mb: float) -> float:
    """Return how long a run that takes so much cannot be over its limit, within bounds."""
    return min(LOOK_S, max(SOONEST_S, (limit_mb - taken_mb) / FILLED_MB_S))
