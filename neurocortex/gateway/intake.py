"""Where a request goes: to the real-time lane, remembered or not, or to the standard one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from neurocortex.errors import (
    AdmissionError,
    LakeUnavailableError,
    RequestNotFoundError,
    StillRunningError,
)
from neurocortex.gateway.answers import Answers, CacheUse, key_of
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.planning import Planned
from neurocortex.gateway.realtime import Answer, RealTime
from neurocortex.gateway.tracked import Tracked, record_of
from neurocortex.realtime.answers import Part
from neurocortex.routing.route import Lane
from neurocortex.standard.lane import StandardLane, start_of
from neurocortex.tracking.idempotency import digest
from neurocortex.tracking.record import Record, State
from neurocortex.tracking.tracker import Tracker
from neurocortex.webhooks.webhooks import Webhooks

UNDONE: Final = frozenset({State.FAILED, State.CANCELLED})
"""How a request has ended that may be done anew."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that will be done; its record tells what becomes of it."""

    record: Record


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes requests."""

    realtime: RealTime
    tracked: Tracked
    standard: StandardLane
    tracker: Tracker
    answers: Answers
    metrics: Metrics
    webhooks: Webhooks

    async def take(self, planned: Planned) -> Answer | Accepted:
        """Serve a request, or accept it.

        Raises:
            AdmissionError: it is not let in.
            WebhookRefusedError: its end cannot be told where it asks for that.
            IdempotencyKeyError: its key was used for another request, or that goes on.
            Exception: what the lane answered instead of a result.
        """
        asking = planned.asking
        key, tenant = asking.idempotency_key, asking.principal.tenant
        if planned.request.webhook is not None:
            self.webhooks.check(planned.request.webhook)
        if key is None:
            return await self._first(planned)
        record = await self._earlier(planned, key)
        if record is not None:
            return await self._again(planned, record)
        try:
            return await self._first(planned)
        except (AdmissionError, LakeUnavailableError):
            await self.tracker.free(tenant, key, asking.id)
            raise

    async def parts(self, planned: Planned) -> AsyncGenerator[Part | Answer]:
        """Serve a request that is streamed; one that was answered before has no parts any more.

        Raises:
            Exception: as `take`, also after some parts.
        """
        asking = planned.asking
        key, tenant = asking.idempotency_key, asking.principal.tenant
        if key is not None:
            record = await self._earlier(planned, key)
            if record is not None:
                yield await self.tracked.repeated(planned, record)
                return
        source = self.tracked if self.remembers(planned) else self.realtime
        try:
            async with aclosing(source.parts(planned)) as parts:
                async for part in parts:
                    yield part
        except AdmissionError:
            if key is not None:
                await self.tracker.free(tenant, key, asking.id)
            raise

    async def _earlier(self, planned: Planned, key: str) -> Record | None:
        """Return the request that came first with an idempotency key; None: it is this one."""
        asking, tenant = planned.asking, planned.asking.principal.tenant
        while True:
            reserved = await self.tracker.reserve(tenant, key, digest(asking.body), asking.id)
            if reserved.is_new:
                return None
            try:
                record = await self.tracker.get(reserved.request, tenant)
            except RequestNotFoundError:  # it came a moment ago, and is not recorded yet
                raise StillRunningError(key, reserved.request) from None
            if not (asking.repeats_failed and record.state in UNDONE):
                return record
            await self.tracker.free(tenant, key, record.id)

    def remembers(self, planned: Planned) -> bool:
        """Tell whether what becomes of a request is recorded, though its client waits."""
        return planned.asking.idempotency_key is not None or planned.request.session is not None

    async def _first(self, planned: Planned) -> Answer | Accepted:
        if planned.request.webhook is not None:
            return await self._told(planned, planned.request.webhook)
        if planned.route.lane is Lane.STANDARD:
            return await self._accept(planned)
        if planned.asking.no_wait:
            return Accepted(await self.tracked.begin(planned))
        if self.remembers(planned):
            return await self.tracked.answer(planned)
        return await self.realtime.answer(planned)

    async def _told(self, planned: Planned, url: str) -> Accepted:
        """Accept a request whose end is told: its promise is written before it."""
        number = planned.asking.id
        await asyncio.to_thread(self.webhooks.add, number, url)
        try:
            if planned.route.lane is Lane.STANDARD:
                return await self._submit(planned)
            return Accepted(await self.tracked.begin(planned))
        except BaseException:
            with suppress(LakeUnavailableError):  # it is forgotten an hour later
                await asyncio.to_thread(self.webhooks.discard, number)
            raise

    async def _accept(self, planned: Planned) -> Answer | Accepted:
        asking, route = planned.asking, planned.route
        if self.answers.caching_of(planned.pipeline) is not None and not asking.fresh:
            key = key_of(asking.principal.tenant, planned.pipeline, planned.request)
            known = await self.answers.get(key)
            if known is not None:
                self.metrics.cached(CacheUse.HIT)
                if planned.trial is not None:
                    planned.trial.answered(None, is_kept=True)
                return Answer(known, route, CacheUse.HIT)
        return await self._submit(planned)

    async def _submit(self, planned: Planned) -> Accepted:
        route, record = planned.route, record_of(planned)
        start = start_of(planned.pipeline, planned.request, route.tier)
        await self.standard.submit(record, start)
        if planned.trial is not None:
            planned.trial.accepted()
        self.metrics.served(planned.pipeline.operation, route.lane.value, route.tier.value)
        return Accepted(record)

    async def _again(self, planned: Planned, record: Record) -> Answer | Accepted:
        asking, request = planned.asking, planned.request
        if record.lane is Lane.STANDARD or asking.no_wait or request.webhook is not None:
            return Accepted(record)
        return await self.tracked.repeated(planned, record)
