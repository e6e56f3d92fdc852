"""Requests from their acceptance to their end, wherever they are served."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Final, Self, TypeVar
from uuid import UUID

from redis.asyncio import Redis

from neurocortex.domain.usage import Usage
from neurocortex.errors import RequestNotFoundError, TrackingUnavailableError
from neurocortex.settings import TrackingSettings
from neurocortex.tracking import layout
from neurocortex.tracking.changes import Changes
from neurocortex.tracking.commits import GroupCommit
from neurocortex.tracking.idempotency import IdempotencyKeys, Reservation
from neurocortex.tracking.record import Record, Start
from neurocortex.tracking.recovery import Recovery
from neurocortex.tracking.sessions import Sessions
from neurocortex.tracking.states import EmptiedError, RequestStates
from neurocortex.tracking.table import Accepted, RequestTable

ATTEMPTS: Final = 20
"""At a change, while others change the same request."""

LOOK_S: Final = 5.0
"""Who waits for a change looks so often without having heard of one."""

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Tracker:
    """One per process and event loop: `async with Tracker(...) as tracker`.

    Each method raises TrackingUnavailableError when what it needs does not answer: Redis, and for
    `accept` PostgreSQL, which is also asked for what Redis does not know.
    """

    def __init__(
        self,
        redis: Redis,
        table: RequestTable,
        settings: TrackingSettings,
        namespace: str = layout.NAMESPACE,
    ) -> None:
        """Track requests.

        Args:
            redis: a client with `decode_responses=False`.
            table: where requests are durable; open for as long as the tracker is.
            settings: how long things are kept.
            namespace: what all keys start with.
        """
        self.states: Final = RequestStates(redis, settings.keep_s, namespace)
        self.sessions: Final = Sessions(
            redis,
            table,
            idle_s=settings.session_s,
            context_bytes=settings.session_context_bytes,
            namespace=namespace,
        )
        self._keys = IdempotencyKeys(redis, settings.idempotency_s, namespace)
        self.recovery: Final = Recovery(
            self.states,
            table,
            self._keys,
            self.sessions,
            idempotency_s=settings.idempotency_s,
            session_s=settings.session_s,
        )
        self._table = table
        self._commits = GroupCommit(table)
        self._changes = Changes(redis, self.states.channel)
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to hear of changes."""
        self._listening = asyncio.create_task(self._changes.listen())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hear no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    async def accept(self, record: Record, start: Start) -> None:
        """Return when a request of the standard lane is durable: from then on it will be done.

        PostgreSQL is written before the answer, not behind it: Redis may lose its last second.
        Where it raises, the request's idempotency key is free again.

        Raises:
            UnrecordableError: PostgreSQL refuses what the record holds.
        """
        async with self._freeing_key(record):
            await self._commits.accept(Accepted(record, start))
        try:
            await self._filled(lambda: self.states.put(record, 0, is_written=True))
            await self._keys.keep(record)
            await self.sessions.visit(record)
        except TrackingUnavailableError as error:
            logger.warning("Request %s is known to PostgreSQL only, for now: %s", record.id, error)

    async def track(self, record: Record) -> None:
        """Record a request of the real-time lane: in Redis now, in PostgreSQL a second later.

        Where it raises, the request's idempotency key is free again.
        """
        async with self._freeing_key(record):
            await self._filled(lambda: self.states.put(record, 0))
            await self._keys.keep(record)
            await self.sessions.visit(record)

    async def change(
        self, id_: UUID, change: Callable[[Record], Record], result: bytes | None = None
    ) -> Record:
        """Change a record and return it as it is then.

        Args:
            id_: the request's.
            change: a method of Record, such as `lambda record: record.running(now)`; called again
                when another process was faster.
            result: what the request returned, as JSON; kept if this change takes place.

        Raises:
            RequestNotFoundError: it is not known.
        """
        for _ in range(ATTEMPTS):
            record = await self.known(id_)
            changed = change(record)
            if changed is record:
                return record
            if await self._put(changed, record.version, result):
                return changed
        raise TrackingUnavailableError(f"request {id_} changes too often")

    async def complete(self, id_: UUID, result: bytes, usage: Usage | None = None) -> Record:
        """Record that a request was answered, and what that took of LLMs."""
        return await self.change(id_, lambda record: record.completed(time.time(), usage), result)

    async def fail(self, id_: UUID, code: str, message: str) -> Record:
        """Record that a request failed."""
        return await self.change(id_, lambda record: record.failed(time.time(), code, message))

    async def cancel(self, id_: UUID, tenant: str) -> Record:
        """Ask for a request's end; who serves it hears of it (`events`), and ends it.

        Raises:
            RequestNotFoundError: the tenant has none of that id.
        """
        await self.get(id_, tenant)
        return await self.change(id_, Record.to_be_cancelled)

    async def get(self, id_: UUID, tenant: str) -> Record:
        """Return a record.

        Raises:
            RequestNotFoundError: the tenant has none of that id.
        """
        record = await self.states.get(id_) or await asyncio.to_thread(self._table.get, id_)
        if record is None or record.tenant != tenant:
            raise RequestNotFoundError(id_)
        return record

    async def result(self, id_: UUID, tenant: str) -> bytes | None:
        """Return what a completed request returned, as JSON; None: it has not, or not yet.

        Raises:
            RequestNotFoundError: the tenant has none of that id.
        """
        await self.get(id_, tenant)
        found = await self.states.results([id_])
        return found.get(id_) or await asyncio.to_thread(self._table.result, id_)

    async def events(self, id_: UUID, tenant: str) -> AsyncGenerator[Record]:
        """Yield a record now and after each change, until it is final; close it when you leave.

        Raises:
            RequestNotFoundError: the tenant has none of that id.
        """
        seen = 0
        with self._changes.of(id_) as changed:
            while True:
                changed.clear()
                record = await self.get(id_, tenant)
                if record.version > seen:
                    seen = record.version
                    yield record
                if record.is_final:
                    return
                try:
                    async with asyncio.timeout(LOOK_S):
                        await changed.wait()
                except TimeoutError:
                    continue  # news may be missed

    async def wait(self, id_: UUID, tenant: str, timeout_s: float) -> Record:
        """Return a record when it is final, or as it is after a timeout.

        Raises:
            RequestNotFoundError: the tenant has none of that id.
        """
        try:
            async with asyncio.timeout(timeout_s):
                async for record in self.events(id_, tenant):
                    if record.is_final:
                        return record
        except TimeoutError:
            pass
        return await self.get(id_, tenant)

    async def reserve(self, tenant: str, key: str, digest: str, request: UUID) -> Reservation:
        """Take an idempotency key for a request, or tell which has it.

        Raises:
            KeyReusedError: a request with another body has it.
        """
        return await self._filled(lambda: self._keys.reserve(tenant, key, digest, request))

    async def free(self, tenant: str, key: str, request: UUID) -> None:
        """Give an idempotency key back: its request was not accepted."""
        await self._keys.free(tenant, key, request)

    async def known(self, id_: UUID) -> Record:
        """Return a record, whoever's it is; it is in Redis then.

        Raises:
            RequestNotFoundError: it is not known.
        """
        record = await self.states.get(id_)
        if record is not None:
            return record
        written = await asyncio.to_thread(self._table.get, id_)
        if written is None:
            raise RequestNotFoundError(id_)
        await self._filled(lambda: self.states.put(written, 0, is_written=True))
        return written

    @asynccontextmanager
    async def _freeing_key(self, record: Record) -> AsyncGenerator[None]:
        """Give a request's idempotency key back where the request is not taken: it may come again,
        and must not hear for a day that it is still being processed."""
        try:
            yield
        except Exception:
            if record.idempotency_key is not None:
                with suppress(TrackingUnavailableError):  # the first error says what is wrong
                    await self.free(record.tenant, record.idempotency_key, record.id)
            raise

    async def _put(self, record: Record, before: int, result: bytes | None) -> bool:
        return await self._filled(lambda: self.states.put(record, before, result=result))

    async def _filled(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Take a step, in a Redis that was filled again if it was emptied."""
        try:
            return await step()
        except EmptiedError:
            await self.recovery.refill()
        try:
            return await step()
        except EmptiedError:
            raise TrackingUnavailableError("Redis was emptied twice") from None
