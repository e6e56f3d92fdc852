"""Measuring the items of a batch, round by round, and keeping the pace that follows."""

import time
from collections.abc import Callable
from typing import Final

from neurocortex.batches.pacing import Pace, Round
from neurocortex.errors import ConnectorError

SHORTEST_S: Final = 0.05
"""A shorter round says nothing: what else the machine does weighs more."""


class Pacer:
    """Knows how many items may be worked on now."""

    def __init__(self, pace: Pace, free_mb: Callable[[], float]) -> None:
        """Begin at a pace; `free_mb` tells how much memory is free."""
        self.pace = pace
        self._free_mb = free_mb
        self._begin()

    def ended(self, latency_s: float, error: BaseException | None) -> None:
        """Count an item that ended, with an error or without."""
        self._items += 1
        self._latency_s += latency_s
        self._unanswered += isinstance(error, ConnectorError | TimeoutError)
        seconds = time.monotonic() - self._began
        if self._items < self.pace.at_once or seconds < SHORTEST_S:
            return
        self.pace = self.pace.after(
            Round(
                items=self._items,
                seconds=seconds,
                latency_s=self._latency_s / self._items,
                unanswered=self._unanswered,
                free_mb=self._free_mb(),
            )
        )
        self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._items = self._unanswered = 0
        self._latency_s = 0.0
