"""How long a batch takes by its size, learnt from those that were run.

`seconds = fixed + per_item * size`, fitted by least squares in which each batch counts less the
older it is. BentoML's dispatcher fits the same line, on its last 50 batches.
"""

from typing import Final

MEMORY: Final = 0.98
"""Each batch makes those before it count so much less: about the last 50 decide."""


class BatchLatency:
    """The line of one task."""

    def __init__(self) -> None:
        self.fixed_s = 0.0
        """What a batch of any size takes: what waiting for one more item can save."""
        self.per_item_s = 0.0
        self.largest = 0
        """The largest batch seen: the line says nothing about much larger ones."""
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def observe(self, size: int, seconds: float) -> None:
        """Learn from a batch."""
        self.largest = max(self.largest, size)
        self._n = MEMORY * self._n + 1
        self._x = MEMORY * self._x + size
        self._y = MEMORY * self._y + seconds
        self._xx = MEMORY * self._xx + size * size
        self._xy = MEMORY * self._xy + size * seconds
        spread = self._n * self._xx - self._x * self._x
        if spread > 1e-6 * self._xx * self._n:  # the batches had different sizes
            self.per_item_s = max(0.0, (self._n * self._xy - self._x * self._y) / spread)
        else:
            self.per_item_s = 0.0
        self.fixed_s = max(0.0, (self._y - self.per_item_s * self._x) / self._n)
