"""How much memory a run may still take."""

import os
from typing import Final

import psutil

from neurocortex.worker.memory import private_mb

MEGABYTE: Final = 2**20


class MemoryGauge:
    """Memory that is free: of this machine, and of what this process may hold."""

    def __init__(self, allowed_mb: float) -> None:
        """Allow this process so much beyond what it holds now, which is how the worker counts."""
        self._allowed_mb = allowed_mb
        self._before_mb = private_mb(os.getpid())

    def free_mb(self) -> float:
        """Return the smaller of both, in MB; it takes some 50 µs."""
        taken = private_mb(os.getpid()) - self._before_mb
        return min(psutil.virtual_memory().available / MEGABYTE, self._allowed_mb - taken)
