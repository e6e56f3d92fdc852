"""Batches as programs send them and ask for them. A batch is a request of the standard lane."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from neurocortex.batches.reading import read
from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Counts, Outcome, Reading
from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    BatchNotFoundError,
    LakeUnavailableError,
    RequestNotFoundError,
    StillRunningError,
)
from neurocortex.requests.registry import Registry
from neurocortex.routing.route import Lane, Reason
from neurocortex.security.principal import Principal
from neurocortex.settings import BatchSettings
from neurocortex.standard.lane import StandardLane
from neurocortex.tracking.idempotency import digest
from neurocortex.tracking.record import Record, Start
from neurocortex.tracking.tracker import Tracker
from neurocortex.webhooks.webhooks import Webhooks

OPERATION: Final = "batch"
"""What the record of a batch says was asked for."""

DEPLOYMENTS: Final = {
    Tier.MEDIUM: "run-batch/run-batch-medium",
    Tier.LOW: "run-batch/run-batch-low",
}

REASON: Final = Reason("batch", "A batch is one flow run, on the tier that it was sent for.")

RUN_WITHIN_S: Final = 1.0
"""A flow run is nearly always there by then."""

PAGE: Final = 100
"""Results read at once: an answer of any length takes no more memory."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A batch as a client sends it."""

    id: UUID
    """Of the batch from now on, and of its request."""
    principal: Principal
    tier: Tier
    """One of DEPLOYMENTS."""
    body: bytes
    """JSON lines."""
    idempotency_key: str | None = None
    webhook: str | None = None
    """Where its end is to be told."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch as it is now."""

    record: Record
    counts: Counts


class Batches:
    """One per gateway process."""

    def __init__(
        self,
        table: BatchTable,
        registry: Registry,
        standard: StandardLane,
        tracker: Tracker,
        webhooks: Webhooks,
        settings: BatchSettings,
    ) -> None:
        """Take batches; the standard lane runs them, and their ends are told by webhooks."""
        self._table = table
        self._registry = registry
        self._standard = standard
        self._tracker = tracker
        self._webhooks = webhooks
        self._settings = settings

    async def submit(self, sending: Sending) -> Standing:
        """Accept a batch: when this returns it is durable, and will be done.

        Raises:
            ForbiddenError: its sender may not use the tier.
            WebhookRefusedError: its end cannot be told where its sender asks for that.
            BatchTooLargeError: it has more lines than allowed.
            EmptyBatchError: none of them can be done.
            AdmissionError: it is not let in.
            IdempotencyKeyError: its key belongs to another batch.
            TrackingUnavailableError, LakeUnavailableError: it cannot be written.
        """
        principal, key = sending.principal, sending.idempotency_key
        principal.require_tier(sending.tier)
        if sending.webhook is not None:
            self._webhooks.check(sending.webhook)
        if key is None:
            return await self._accept(sending, None)
        mark = await asyncio.to_thread(digest, sending.body)
        reserved = await self._tracker.reserve(principal.tenant, key, mark, sending.id)
        if not reserved.is_new:
            return await self._first(reserved.request, principal.tenant, key)
        try:
            return await self._accept(sending, mark)
        except Exception:
            await self._tracker.free(principal.tenant, key, sending.id)
            raise

    async def look(self, batch: UUID, tenant: str, wait_s: float = 0) -> Standing:
        """Return a batch as it is: now, or when it has ended or that time is over.

        Raises:
            BatchNotFoundError: the tenant has none of that id.
        """
        await self._counts(batch, tenant)
        if wait_s:
            record = await self._tracker.wait(batch, tenant, wait_s)
        else:
            record = await self._tracker.get(batch, tenant)
        return Standing(record, await self._counts(batch, tenant))

    async def cancel(self, batch: UUID, tenant: str) -> Standing:
        """Ask for the end of a batch. What was done by then stays done.

        Raises:
            BatchNotFoundError: the tenant has none of that id.
        """
        counts = await self._counts(batch, tenant)
        return Standing(await self._tracker.cancel(batch, tenant), counts)

    async def outcomes(self, batch: UUID, tenant: str) -> AsyncGenerator[Outcome]:
        """Yield what became of the lines that have ended so far, in their order.

        Raises:
            BatchNotFoundError: the tenant has none of that id.
        """
        await self._counts(batch, tenant)
        last = 0
        while page := await asyncio.to_thread(self._table.outcomes, batch, last, PAGE):
            for outcome in page:
                yield outcome
            last = page[-1].line

    async def _accept(self, sending: Sending, mark: str | None) -> Standing:
        principal, settings = sending.principal, self._settings
        reading = await asyncio.to_thread(
            read, sending.body, self._registry, principal, settings.max_items
        )
        record = _record(sending, reading, mark)
        # Before: once it is accepted nothing may fail that does not belong to it.
        await asyncio.to_thread(self._table.prune)
        counts = await asyncio.to_thread(self._table.create, record.id, principal.tenant, reading)
        start = Start(deployment=DEPLOYMENTS[sending.tier], parameters={"batch": str(record.id)})
        try:
            if sending.webhook is not None:
                await asyncio.to_thread(self._webhooks.add, record.id, sending.webhook)
            await self._standard.submit(record, start)
        except BaseException:
            with suppress(LakeUnavailableError):  # they are deleted an hour later
                await asyncio.to_thread(self._webhooks.discard, record.id)
                await asyncio.to_thread(self._table.discard, record.id)
            raise
        return Standing(await self._with_run(record), counts)

    async def _first(self, batch: UUID, tenant: str, key: str) -> Standing:
        try:
            return await self.look(batch, tenant)
        except RequestNotFoundError:  # it came a moment ago, and is not recorded yet
            raise StillRunningError(key, batch) from None

    async def _with_run(self, record: Record) -> Record:
        """Return the record with its flow run, where that is there soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RUN_WITHIN_S):
                async for now in self._tracker.events(record.id, record.tenant):
                    record = now
                    if now.flow_run is not None:
                        break
        return record

    async def _counts(self, batch: UUID, tenant: str) -> Counts:
        found = await asyncio.to_thread(self._table.counts, batch, tenant)
        if found is None:
            raise BatchNotFoundError(batch)
        return found


def _record(sending: Sending, reading: Reading, mark: str | None) -> Record:
    return Record(
        id=sending.id,
        tenant=sending.principal.tenant,
        operation=OPERATION,
        lane=Lane.STANDARD,
        tier=sending.tier,
        created=time.time(),
        estimate_s=reading.estimate_s,
        idempotency_key=sending.idempotency_key,
        digest=mark,
        reasons=(REASON,),
    )
