"""Group commit: requests that are accepted at the same time share one transaction.

A commit waits for the disk; a hundred requests in one wait once. While one transaction is under
way, the next gathers.
"""

import asyncio

from neurocortex.errors import UnrecordableError
from neurocortex.tracking.table import Accepted, RequestTable


class GroupCommit:
    """Writes new requests, from one event loop."""

    def __init__(self, table: RequestTable) -> None:
        """Write into a table."""
        self._table = table
        self._waiting: list[tuple[Accepted, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, accepted: Accepted) -> None:
        """Return when the request is durable.

        Raises:
            TrackingUnavailableError: PostgreSQL does not answer; the request was not accepted.
            UnrecordableError: PostgreSQL refuses it; those of the same group are accepted.
        """
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((accepted, durable))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await durable

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._commit(group)
        finally:
            self._writer = None

    async def _commit(self, group: list[tuple[Accepted, asyncio.Future[None]]]) -> None:
        failure: Exception | None = None
        try:
            await asyncio.to_thread(self._table.accept, [each for each, _ in group])
        except asyncio.CancelledError:
            for _, durable in group:
                durable.cancel()
            raise
        except UnrecordableError as error:
            if len(group) > 1:  # it is one request's fault: halve the group until it is alone
                middle = len(group) // 2
                await self._commit(group[:middle])
                await self._commit(group[middle:])
                return
            failure = error
        except Exception as error:  # noqa: BLE001 - it is raised where each request is awaited
            failure = error
        for _, durable in group:
            if durable.done():  # who asked was cancelled meanwhile
                continue
            if failure is None:
                durable.set_result(None)
            else:
                durable.set_exception(failure)
