"""Where a request goes: to the real-time lane, remembered or not, or to the standard one."""

from dataclasses import dataclass
from typing import Final

from neurocortex.errors import AdmissionError, RequestNotFoundError, StillRunningError
from neurocortex.gateway.answers import Answers, CacheUse, key_of
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.planning import Planned
from neurocortex.gateway.realtime import Answer, RealTime
from neurocortex.gateway.tracked import Tracked, record_of
from neurocortex.routing.route import Lane
from neurocortex.standard.lane import StandardLane, start_of
from neurocortex.tracking.idempotency import digest
from neurocortex.tracking.record import Record, State
from neurocortex.tracking.tracker import Tracker

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

    async def take(self, planned: Planned) -> Answer | Accepted:
        """Serve a request, or accept it.

        Raises:
            AdmissionError: it is not let in.
            IdempotencyKeyError: its key was used for another request, or that goes on.
            Exception: what the lane answered instead of a result.
        """
        asking = planned.asking
        key, tenant = asking.idempotency_key, asking.principal.tenant
        if key is None:
            return await self._first(planned)
        reserved = await self.tracker.reserve(tenant, key, digest(asking.body), asking.id)
        if not reserved.is_new:
            try:
                record = await self.tracker.get(reserved.request, tenant)
            except RequestNotFoundError:  # it came a moment ago, and is not recorded yet
                raise StillRunningError(key, reserved.request) from None
            if asking.repeats_failed and record.state in UNDONE:
                await self.tracker.free(tenant, key, record.id)
                return await self.take(planned)
            return await self._again(planned, record)
        try:
            return await self._first(planned)
        except AdmissionError:
            await self.tracker.free(tenant, key, asking.id)
            raise

    def remembers(self, planned: Planned) -> bool:
        """Tell whether what becomes of a request is recorded, though its client waits."""
        return planned.asking.idempotency_key is not None or planned.request.session is not None

    async def _first(self, planned: Planned) -> Answer | Accepted:
        if planned.route.lane is Lane.STANDARD:
            return await self._accept(planned)
        if planned.asking.no_wait:
            return Accepted(await self.tracked.begin(planned))
        if self.remembers(planned):
            return await self.tracked.answer(planned)
        return await self.realtime.answer(planned)

    async def _accept(self, planned: Planned) -> Answer | Accepted:
        asking, route = planned.asking, planned.route
        if self.answers.caching_of(planned.pipeline) is not None and not asking.fresh:
            key = key_of(asking.principal.tenant, planned.pipeline, planned.request)
            known = await self.answers.get(key)
            if known is not None:
                self.metrics.cached(CacheUse.HIT)
                return Answer(known, route, CacheUse.HIT)
        record = record_of(planned)
        start = start_of(planned.pipeline, planned.request, route.tier)
        await self.standard.submit(record, start)
        self.metrics.served(planned.pipeline.operation, route.lane.value, route.tier.value)
        return Accepted(record)

    async def _again(self, planned: Planned, record: Record) -> Answer | Accepted:
        if record.lane is Lane.STANDARD or planned.asking.no_wait:
            return Accepted(record)
        return await self.tracked.repeated(planned, record)
