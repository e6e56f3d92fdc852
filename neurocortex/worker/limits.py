"""What a run may take, and the states of those that took more."""

from dataclasses import dataclass
from typing import Final

from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

LOOK_S: Final = 0.1
"""Between two looks at the memory of a run."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take."""

    memory_mb: float
    """Beyond what it shared with the other runs when it started."""
    cores: float


@dataclass(slots=True)
class Peak:
    """The most memory that a run was seen to take."""

    mb: float | None = None
    """Beyond what it shared at its start; None: it ended before anybody looked."""

    def saw(self, taken_mb: float) -> None:
        """Take note of what it takes now."""
        self.mb = max(self.mb or 0.0, taken_mb)


def over_memory(limits: Limits, taken_mb: float | None = None) -> State:
    """Return the state of a run that was ended over its memory.

    Args:
        limits: its.
        taken_mb: what it took; None where the kernel did not let it.
    """
    taken = "more memory" if taken_mb is None else f"{taken_mb:.0f} MB of memory"
    did = "asked for" if taken_mb is None else "took"
    return Crashed(
        message=(
            f"It {did} {taken}, over its limit of {limits.memory_mb:g} MB, and was ended."
            " Raise the job variable `memory`, or have it take less."
        )
    )


def over_time(timeout_s: float) -> State:
    """Return the state of a run that was ended after so many seconds."""
    return State(
        type=StateType.FAILED,
        name="TimedOut",
        message=(
            f"It ran longer than its {timeout_s:g} s and was ended."
            " Raise the job variable `timeout`, or have it do less."
        ),
    )
