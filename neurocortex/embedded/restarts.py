"""When a service that died is started again, and when it is given up."""

from collections.abc import Sequence
from typing import Final

WINDOW_S: Final = 60.0
"""`NEUROCORTEX_EMBEDDED__MAX_RESTARTS` counts the deaths within the last minute."""

FIRST_DELAY_S: Final = 0.25
"""The first restart is nearly at once: a lone crash is to be noticed by nobody."""

LONGEST_DELAY_S: Final = 10.0


def delay(deaths: Sequence[float], now: float, max_restarts: int) -> float | None:
    """Return how long to wait before the next start, None to give the service up.

    The wait doubles with each death within the window.

    Args:
        deaths: when it died, this time included; any clock, in seconds, in order.
        now: the time on the same clock.
        max_restarts: how many restarts a window may see.
    """
    recent = sum(1 for death in deaths if now - death < WINDOW_S)
    if recent > max_restarts:
        return None
    doublings = max(0, recent - 1)
    return float(min(FIRST_DELAY_S * 2**doublings, LONGEST_DELAY_S))
