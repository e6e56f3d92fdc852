"""A lane process's sampled runs, written to Redis once in a while, away from its requests."""

import asyncio
import logging

from neurocortex.errors import StreamUnavailableError
from neurocortex.learning.sampling import WINDOW_S, Sample
from neurocortex.learning.store import LearningStore

_log = logging.getLogger(__name__)


class SampleKeeping:
    """Keeps what a sample takes."""

    def __init__(self, sample: Sample, store: LearningStore, most: int) -> None:
        """Keep about the newest `most` runs of each operation."""
        self._sample = sample
        self._store = store
        self._most = most

    async def run(self) -> None:
        """Keep for ever."""
        while True:
            await asyncio.sleep(WINDOW_S)
            await self.once()

    async def once(self) -> None:
        """Keep what was sampled since the last time; where Redis is away, it is dropped."""
        runs = self._sample.take()
        if not runs:
            return
        try:
            await self._store.keep(runs, self._most)
        except StreamUnavailableError as error:
            _log.debug("%d sampled runs are dropped: %s", len(runs), error)
