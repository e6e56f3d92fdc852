"""A random sample of a stream's rows, of a size that stays the same however long the stream."""

from typing import Final

import numpy as np
import pandas as pd

SIZE: Final = 20_000
"""Rows: a share is known to half a percent, and a profile takes a second."""


class Reservoir:
    """Rows of which each has had the same chance to be kept (Vitter 1985, by random keys)."""

    def __init__(self, size: int = SIZE) -> None:
        """Take the most rows to keep."""
        self._size = size
        self._random = np.random.default_rng(0)  # the same stream gives the same sample
        self._frames: list[pd.DataFrame] = []
        self._keys: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
        self._held = 0
        self.rows = 0
        """Rows seen."""

    def add(self, frame: pd.DataFrame) -> None:
        """Show it more rows."""
        self.rows += len(frame)
        self._frames.append(frame)
        self._keys.append(self._random.random(len(frame)))
        self._held += len(frame)
        if self._held > 2 * self._size:
            self._cut()

    def sample(self) -> pd.DataFrame:
        """Return the rows kept, in the order of the stream."""
        if not self._frames:
            return pd.DataFrame()
        self._cut()
        return self._frames[0]

    def _cut(self) -> None:
        frame, keys = pd.concat(self._frames), np.concatenate(self._keys)
        if len(frame) > self._size:
            kept = np.sort(np.argpartition(keys, self._size)[: self._size])
            frame, keys = frame.iloc[kept], keys[kept]
        self._frames, self._keys, self._held = [frame], [keys], len(frame)
