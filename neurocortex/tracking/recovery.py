"""Redis filled again from PostgreSQL, and requests found that nobody looks after."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar
from uuid import UUID

from neurocortex.tracking.idempotency import IdempotencyKeys
from neurocortex.tracking.record import Record
from neurocortex.tracking.sessions import Sessions
from neurocortex.tracking.states import RequestStates
from neurocortex.tracking.table import RequestTable

AT_ONCE: Final = 500
"""Records that are read in one query and entered together."""

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class Recovery:
    """Several processes may recover at once: what is there already stays as it is.

    Each method raises TrackingUnavailableError when Redis or PostgreSQL does not answer; what was
    entered by then stays, and it can be repeated.
    """

    def __init__(
        self,
        states: RequestStates,
        table: RequestTable,
        keys: IdempotencyKeys,
        sessions: Sessions,
        *,
        idempotency_s: float,
        session_s: float,
    ) -> None:
        """Recover these; keys and sessions that are older than so many seconds have ended."""
        self._states = states
        self._table = table
        self._keys = keys
        self._sessions = sessions
        self._idempotency_s = idempotency_s
        self._session_s = session_s
        self._one_at_a_time = asyncio.Lock()

    async def refill(self) -> None:
        """Enter everything again after Redis was emptied; nothing is done where it was not."""
        async with self._one_at_a_time:
            if not await self._states.is_lost():
                return
            now = time.time()
            since = now - max(self._idempotency_s, self._session_s)
            for chunk in _chunks(await asyncio.to_thread(self._table.remembered, since)):
                await asyncio.gather(*(self._remember(record, now) for record in chunk))
            entered = await self._enter(list(await asyncio.to_thread(self._table.open)))
            await self._states.filled()
            if entered:  # else it is new
                logger.warning("Redis was empty: %d open requests were entered again.", entered)

    async def adopt(self) -> int:
        """Enter requests that only PostgreSQL knows, as their gateway died over them; return how
        many they were.

        Raises:
            EmptiedError: Redis was emptied.
        """
        written = await asyncio.to_thread(self._table.open)
        return await self._enter(list(written - await self._states.open()))

    async def _enter(self, ids: Sequence[UUID]) -> int:
        entered = 0
        for chunk in _chunks(ids):
            known = await self._states.many(chunk)  # one that has ended, but is not written yet
            missing = [id_ for id_ in chunk if id_ not in known]
            records = await asyncio.to_thread(self._table.records, missing)
            done = await asyncio.gather(
                *(
                    self._states.put(record, 0, is_written=True, recovering=True)
                    for record in records
                )
            )
            entered += sum(done)
        return entered

    async def _remember(self, record: Record, now: float) -> None:
        if record.created >= now - self._idempotency_s:
            await self._keys.keep(record)
        if record.created >= now - self._session_s:
            await self._sessions.visit(record)


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), AT_ONCE):
        yield items[first : first + AT_ONCE]
