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

from neurocortex.worker.memory import private_mb

LOOK_S: Final = 0.1
"""Between two looks at the memory: a few microseconds each, and a process fills some 100 MB."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take."""

    memory_mb: float
    """Beyond what it shared with the other runs when it started."""
    timeout_s: float | None


async def exceeded(pid: int, limits: Limits) -> State:
    """Watch a process until it is over a limit, and return the state its run is to end in.

    Runs until then, or until it is cancelled.
    """
    shared, started = private_mb(pid), time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        taken = private_mb(pid) - shared
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
