"""How long endpoints take to begin an answer: what tells when a call is slow.

Dean and Barroso, "The Tail at Scale" (2013): a second request that is sent after the 95th
percentile adds 5 % of load at most, and cuts the tail.
"""

from collections import deque
from typing import Final

KEPT: Final = 200
"""Calls: at one a second the last three minutes."""

ENOUGH: Final = 20
"""Fewer tell nothing about one in twenty."""

SLOW: Final = 0.95


class Latencies:
    """Of the endpoints of one model, as this process saw them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """Remember how long an endpoint took to begin, from the moment it was called itself."""
        self._seconds.append(seconds)

    def slow_s(self) -> float | None:
        """Return the 95th percentile; None: too little is known."""
        known = sorted(self._seconds.copy())
        return known[int(SLOW * len(known))] if len(known) >= ENOUGH else None
