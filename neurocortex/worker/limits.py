"""Holding a run to its memory and its time.

A core is held to by affinity, at once and by the kernel. Memory is looked at ten times a second: a
cgroup would do it without a gap, but takes rights that a container or an ordinary user lacks.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

from neurocortex.worker.memory import private_mb, proportional_mb

LOOK_S: Final = 0.1
"""Between two looks at the memory: a few microseconds each, and a process fills some 100 MB."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take."""

    memory_mb: float
    """Beyond what it shared with the other runs when it started."""
    timeout_s: float | None


@dataclass(slots=True)
class Peak:
    """The most memory that a run was seen to take."""

    mb: float | None = None
    """Beyond what it shared at its start; None: it ended before anybody looked."""

    def saw(self, taken_mb: float) -> None:
        """Take note of what it takes now."""
        self.mb = max(self.mb or 0.0, taken_mb)


async def exceeded(pid: int, limits: Limits, peak: Peak) -> State:
    """Watch a process until it is over a limit, and return the state its run is to end in.

    Runs until then, or until it is cancelled. `peak` is told of what it takes.
    """
    shared, started = private_mb(pid), time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        taken = private_mb(pid) - shared
        if taken > limits.memory_mb:
            # Processes that a run forked share pages with it, and each counts them.
            taken = min(taken, proportional_mb(pid))
        peak.saw(taken)
        if taken > limits.memory_mb:
            return Crashed(
                message=(
                    f"It took {taken:.0f} MB of memory, over its limit of {limits.memory_mb:g} MB,"
                    " and was ended. Raise the job variable `memory`, or have it take less."
                )
            )
        if limits.timeout_s is not None and time.monotonic() - started > limits.timeout_s:
            return State(
                type=StateType.FAILED,
                name="TimedOut",
                message=(
                    f"It ran longer than its {limits.timeout_s:g} s and was ended."
                    " Raise the job variable `timeout`, or have it do less."
                ),
            )
