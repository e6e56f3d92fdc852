"""Predictions on their way to PostgreSQL: written many at once, and never waited for."""

import asyncio
import logging
import time
from collections import deque
from datetime import timedelta
from typing import Final

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import NeuroCortexError
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Prediction

PAUSE_S: Final = 0.2
"""Between writes: feedback that comes sooner finds nothing yet."""

MOST: Final = 10_000
"""Predictions that wait; beyond, the oldest are not kept."""

AT_ONCE: Final = 500

PRUNE_EVERY_S: Final = 600.0

logger = logging.getLogger(__name__)


class Keeper:
    """Writes what a process predicted. What it has not written when it is killed is lost."""

    def __init__(self, table: FeedbackTable, kept: timedelta) -> None:
        """Write to a table; what is older than `kept` is deleted from it."""
        self._table = table
        self._kept = kept
        self._waiting: deque[Prediction] = deque(maxlen=MOST)

    def put(self, made: Prediction) -> None:
        """Have a prediction written soon."""
        self._waiting.append(made)

    async def run(self) -> None:
        """Write for ever, and delete what is too old."""
        pruned_at = float("-inf")
        while not is_cancelled():
            await asyncio.sleep(PAUSE_S)
            await self.write()
            if time.monotonic() - pruned_at >= PRUNE_EVERY_S:
                pruned_at = time.monotonic()
                await self._prune()

    async def write(self) -> None:
        """Write what waits; what PostgreSQL does not take now is tried again later."""
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await asyncio.to_thread(self._table.keep, taken)
            except NeuroCortexError as error:
                logger.warning("%d predictions are kept later: %s", len(taken), error)
                self._waiting.extendleft(reversed(taken))
                return

    async def _prune(self) -> None:
        try:
            while await asyncio.to_thread(self._table.prune, self._kept):
                pass
        except NeuroCortexError as error:
            logger.warning("Old predictions are deleted later: %s", error)
