"""Requests of the real-time lane that are remembered: those with an idempotency key or a session,
and those whose client does not wait.

The others leave no record: it would take longer than serving them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from neurocortex.errors import (
    AdmissionError,
    RemoteError,
    RequestCancelledError,
    RequestNotFoundError,
    StillRunningError,
    TrackingUnavailableError,
)
from neurocortex.gateway.planning import Planned
from neurocortex.gateway.problems import problem_of
from neurocortex.gateway.realtime import Answer, RealTime
from neurocortex.learning.features import features_of
from neurocortex.realtime.answers import Part
from neurocortex.routing.route import Lane
from neurocortex.tracking.idempotency import digest
from neurocortex.tracking.record import Record, State
from neurocortex.tracking.tracker import Tracker

DRAIN_S: Final = 5.0
"""How long requests that nobody waits for may go on when the process stops."""

JOINED_S: Final = 1.0
"""A request that was neither let in nor refused by then waits for the same one of somebody else."""

PAUSE_S: Final = 1.0
"""Before records that cannot be read, or were lost, are looked for again."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """Serves them."""

    realtime: RealTime
    tracker: Tracker
    _going_on: set[asyncio.Task[Answer]] = field(default_factory=set)

    @asynccontextmanager
    async def draining(self) -> AsyncGenerator["Tracked"]:
        """At the end, wait a moment for requests that nobody waits for."""
        try:
            yield self
        finally:
            if self._going_on:
                await asyncio.wait(self._going_on, timeout=DRAIN_S)
            for task in self._going_on:
                task.cancel()
            await asyncio.gather(*self._going_on, return_exceptions=True)

    async def answer(self, planned: Planned) -> Answer:
        """Serve a request and remember what became of it. Raises as `RealTime.answer`.

        Raises:
            RequestCancelledError: it was cancelled by its id.
        """
        await self.tracker.track(record_of(planned))
        return await self._serve(planned)

    async def parts(self, planned: Planned) -> AsyncGenerator[Part | Answer]:
        """Serve a request that is streamed. Raises as `answer`."""
        number = planned.asking.id
        await self.tracker.track(record_of(planned))
        asked = asyncio.create_task(self._asked_to_end(planned))
        has_ended = False
        try:
            async with aclosing(self.realtime.parts(planned)) as parts:
                async for part in parts:
                    if asked.done():
                        raise RequestCancelledError(number)
                    if isinstance(part, Answer):
                        await self.tracker.complete(number, part.body, part.usage)
                        has_ended = True
                    yield part
        except RequestCancelledError:
            raise
        except Exception as error:
            await self._failed(planned, error)
            has_ended = True
            raise
        finally:
            asked.cancel()
            if not has_ended:  # by its id, or by a client that has gone
                await self.tracker.change(number, lambda record: record.cancelled(time.time()))

    async def begin(self, planned: Planned) -> Record:
        """Serve a request without a client that waits; return its record once it is let in.

        Raises:
            AdmissionError: it is not let in.
        """
        record = record_of(planned)
        await self.tracker.track(record)
        accepted = asyncio.Event()
        task = asyncio.create_task(self._serve(planned, accepted.set))
        self._going_on.add(task)
        task.add_done_callback(self._ended)
        let_in = asyncio.create_task(accepted.wait())
        try:
            await asyncio.wait(
                {task, let_in}, timeout=JOINED_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            let_in.cancel()
        if task.done() and not task.cancelled():
            error = task.exception()
            if isinstance(error, AdmissionError):
                raise error
        return record

    async def repeated(self, planned: Planned, record: Record) -> Answer:
        """Return what the first request with the same idempotency key was answered.

        Raises:
            StillRunningError: it is not answered yet.
            RemoteError: it failed, for this reason.
        """
        if record.state is State.COMPLETED:
            result = await self.tracker.result(record.id, record.tenant)
            return Answer(result or b"null", planned.route)
        if record.error is not None:
            raise RemoteError(record.error.code, record.error.message)
        if record.state is State.CANCELLED:
            raise RequestCancelledError(record.id)
        raise StillRunningError(record.idempotency_key or "", record.id)

    async def _serve(self, planned: Planned, let_in: Callable[[], None] | None = None) -> Answer:
        number = planned.asking.id
        working = asyncio.create_task(self.realtime.answer(planned, let_in))
        asked = asyncio.create_task(self._asked_to_end(planned))
        asked.add_done_callback(lambda _: working.cancel())
        try:
            answer = await working
        except asyncio.CancelledError:
            await self.tracker.change(number, lambda record: record.cancelled(time.time()))
            this = asyncio.current_task()
            if this is not None and this.cancelling():
                raise  # the client has gone
            raise RequestCancelledError(number) from None
        except Exception as error:
            await self._failed(planned, error)
            raise
        else:
            await self.tracker.complete(number, answer.body, answer.usage)
            return answer
        finally:
            working.cancel()
            asked.cancel()

    async def _asked_to_end(self, planned: Planned) -> None:
        """Return when somebody has asked for the end of a request."""
        number, tenant = planned.asking.id, planned.asking.principal.tenant
        has_ended = False
        while not has_ended:
            try:
                async with aclosing(self.tracker.events(number, tenant)) as events:
                    async for record in events:
                        if record.cancelling:
                            return
                has_ended = True
            except (TrackingUnavailableError, RequestNotFoundError):
                await asyncio.sleep(PAUSE_S)  # nobody can ask either
        await asyncio.Event().wait()  # it has ended by itself: whoever asked ends this

    async def _failed(self, planned: Planned, error: Exception) -> None:
        problem = problem_of(error)
        await self.tracker.fail(planned.asking.id, problem.code, problem.detail)

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._going_on.discard(task)
        if not task.cancelled():
            task.exception()  # it is in the record


def record_of(planned: Planned) -> Record:
    """Return the record of a request that was just accepted."""
    asking, route = planned.asking, planned.route
    key = asking.idempotency_key
    features = None
    if route.lane is Lane.STANDARD:  # the real-time lane samples its runs itself
        features = features_of(planned.pipeline, planned.request, len(asking.body))
    return Record(
        id=asking.id,
        tenant=asking.principal.tenant,
        operation=planned.pipeline.operation,
        lane=route.lane,
        tier=route.tier,
        created=time.time(),
        estimate_s=route.estimate.seconds,
        expected_cpu_s=route.estimate.cpu_s,
        expected_memory_mb=route.estimate.needs.memory_mb or None,
        expected_storage_mb=route.estimate.needs.storage_mb or None,
        deadline=route.deadline,
        session=planned.request.session,
        idempotency_key=key,
        digest=digest(asking.body) if key is not None else None,
        reasons=route.reasons,
        features=features,
    )
