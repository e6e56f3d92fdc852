"""What changed in Redis, written to PostgreSQL in batches."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from neurocortex.errors import UnrecordableError
from neurocortex.tracking.states import RequestStates
from neurocortex.tracking.table import RequestTable, Written

BATCH: Final = 1000

logger = logging.getLogger(__name__)


class WriteBehind:
    """Changes wait in Redis until they are written, so no process takes any with it."""

    def __init__(self, states: RequestStates, table: RequestTable) -> None:
        """Write what changes in Redis into a table."""
        self._states = states
        self._table = table

    async def once(self) -> int:
        """Write all that waits; return how many records that were.

        Raises:
            TrackingUnavailableError: Redis or PostgreSQL does not answer; what was not written
                waits.
        """
        count = 0
        while waiting := await self._states.unwritten(BATCH):
            ids = [id_ for id_, _ in waiting]
            records = await self._states.many(ids)
            ended = [id_ for id_, record in records.items() if record.is_final]
            results = await self._states.results(ended)
            rows = [Written(each, results.get(id_)) for id_, each in records.items()]
            refused = await self._write(rows)
            # A record may have changed since it was listed; then it stays listed with that version.
            # One that Redis has dropped for its age cannot be written any more.
            versions = {**dict(waiting), **{id_: each.version for id_, each in records.items()}}
            kept = [id_ for id_ in ended if id_ not in refused]
            await self._states.written(versions.items(), kept)
            count += len(rows) - len(refused)
            if len(waiting) < BATCH:
                break
        return count

    async def _write(self, rows: Sequence[Written]) -> frozenset[UUID]:
        """Write what PostgreSQL takes; return what it refuses, which must hold up nothing else."""
        if not rows:
            return frozenset()
        try:
            await asyncio.to_thread(self._table.write, rows)
        except UnrecordableError as error:
            if len(rows) > 1:  # it is one record's fault: halve them until it is alone
                middle = len(rows) // 2
                return await self._write(rows[:middle]) | await self._write(rows[middle:])
            refused = rows[0].record.id
            logger.error("Request %s stays in Redis only: %s", refused, error.reason)
            return frozenset({refused})
        return frozenset()
