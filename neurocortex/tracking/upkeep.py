"""What the leader does for all: write behind, recover, delete what is old."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from neurocortex.errors import TrackingUnavailableError
from neurocortex.routing.route import Lane
from neurocortex.settings import TrackingSettings
from neurocortex.tracking.leadership import Leadership
from neurocortex.tracking.states import EmptiedError
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker
from neurocortex.tracking.write_behind import WriteBehind

LOOK_EVERY_S: Final = 15.0
"""Between two looks for requests that nobody looks after."""

GIVEN_UP_S: Final = 120.0
"""A request of the real-time lane has ended long before, unless its gateway died over it."""

logger = logging.getLogger(__name__)


class Upkeep:
    """Run one in each gateway; one of them does the work."""

    def __init__(
        self,
        tracker: Tracker,
        table: RequestTable,
        leadership: Leadership,
        settings: TrackingSettings,
    ) -> None:
        """Look after what a tracker records."""
        self._tracker = tracker
        self._table = table
        self._leadership = leadership
        self._write_behind = WriteBehind(tracker.states, table)
        self._every_s = settings.write_every_s
        self._keep_s = settings.keep_s
        self._next_look = 0.0
        self._in_trouble = False

    async def run(self) -> None:
        """Work until cancelled; what waits then is written first."""
        try:
            while True:
                await self.once()
                await asyncio.sleep(self._every_s)
        finally:
            await self._leave()

    async def once(self) -> None:
        """Do what is due, if this process leads. What does not answer is tried again next time."""
        try:
            if not await self._leadership.lead():
                return
            if await self._tracker.states.is_lost():
                await self._tracker.recovery.refill()
            await self._write_behind.once()
            if time.monotonic() >= self._next_look:
                await self.look()
                self._next_look = time.monotonic() + LOOK_EVERY_S
        except (TrackingUnavailableError, EmptiedError) as error:
            if not self._in_trouble:
                logger.warning("Requests are not written to PostgreSQL for now: %s", error)
            self._in_trouble = True
        except Exception:
            # This must not end the process: the next one would meet the same.
            logger.exception("The upkeep of requests failed, and is tried again.")
        else:
            self._in_trouble = False

    async def look(self) -> None:
        """Find requests that nobody looks after, and delete what is too old.

        Raises:
            TrackingUnavailableError: Redis or PostgreSQL does not answer.
            EmptiedError: Redis was emptied.
        """
        adopted = await self._tracker.recovery.adopt()
        if adopted:
            logger.warning("%d requests were known to PostgreSQL only.", adopted)
        now = time.time()
        records = await self._tracker.states.many(list(await self._tracker.states.open()))
        for record in records.values():
            if record.lane is Lane.REALTIME and record.created < now - GIVEN_UP_S:
                await self._tracker.fail(
                    record.id, "lost", "The process that served it has ended. Send it again."
                )
                if record.idempotency_key is not None:
                    await self._tracker.free(record.tenant, record.idempotency_key, record.id)
        await asyncio.to_thread(self._table.prune, now - self._keep_s)
        await self._tracker.sessions.prune(now - self._keep_s)

    async def _leave(self) -> None:
        """Write what waits; what cannot be written now the next leader writes."""
        try:
            await self._write_behind.once()
        except TrackingUnavailableError:
            logger.debug("What waits is left to the next leader.")
        except Exception:
            logger.exception("What waits could not be written, and is left to the next leader.")
        with suppress(TrackingUnavailableError):  # its lease ends by itself
            await self._leadership.resign()
