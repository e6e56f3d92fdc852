"""Requests that are answered at once: from the cache, else by the real-time lane."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from neurocortex.admission.values import Ticket
from neurocortex.domain.usage import Usage
from neurocortex.errors import DeadlinePassedError
from neurocortex.experiments.trials import Trial
from neurocortex.gateway.answers import Answers, CacheUse, key_of
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.planning import Planned
from neurocortex.realtime.answers import Part, Reply
from neurocortex.realtime.call import Call
from neurocortex.realtime.client import LaneClient
from neurocortex.requests.pipeline import Caching
from neurocortex.routing.route import Route


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a request."""

    body: bytes
    """Its JSON."""
    route: Route
    use: CacheUse | None = None
    """None: the operation is not cached."""
    usage: Usage | None = None
    """What its calls of LLMs took; None: it made none, or others waited for the same answer."""
    lasts: bool = True
    """False: it stands in for a better one, as while an LLM is away. See `Caching.lasts`."""


@dataclass(frozen=True, slots=True)
class RealTime:
    """The real-time lane behind the cache."""

    lane: LaneClient
    answers: Answers
    metrics: Metrics

    async def answer(self, planned: Planned, let_in: Callable[[], None] | None = None) -> Answer:
        """Return the answer of a request.

        Args:
            planned: the request.
            let_in: called when the lane has let it in; not for what needs no place there, because
                it is known, or is being computed for somebody else.

        Raises:
            AdmissionError: it is not let in.
            DeadlinePassedError: its deadline passed.
            Exception: what the lane answered instead of a result.
        """
        with _noted(planned.trial) as trial:
            answer = await self._answer(planned, let_in)
            trial.answer = answer
            return answer

    async def _answer(self, planned: Planned, let_in: Callable[[], None] | None) -> Answer:
        caching = self._caching(planned)
        if caching is None:
            reply = await self._process(planned, let_in)
            return Answer(reply.body, planned.route, usage=reply.usage, lasts=reply.lasts)
        key = key_of(planned.asking.principal.tenant, planned.pipeline, planned.request)
        if planned.asking.fresh:
            reply = await self._process(planned, let_in)
            await self.answers.keep(key, caching, planned.request, reply)
            self.metrics.cached(CacheUse.MISS)
            return Answer(reply.body, planned.route, CacheUse.MISS, reply.usage, lasts=reply.lasts)
        # Others may join the computation: it must not end with the deadline of who came first.
        shared = replace(planned, route=replace(planned.route, deadline=None))
        usage: Usage | None = None
        lasts = True

        async def compute() -> Reply:
            nonlocal usage, lasts
            reply = await self._process(shared, let_in)
            usage, lasts = reply.usage, reply.lasts
            return reply

        try:
            async with asyncio.timeout(_left_s(planned.route)):
                kept = await self.answers.get_or_compute(key, caching, planned.request, compute)
        except TimeoutError:
            raise DeadlinePassedError from None
        self.metrics.cached(kept.use)
        return Answer(kept.body, planned.route, kept.use, usage, lasts=lasts)

    async def parts(self, planned: Planned) -> AsyncGenerator[Part | Answer]:
        """Yield the parts of an answer as they come, then the answer. Raises as `answer`."""
        with _noted(planned.trial) as trial:
            async with aclosing(self._parts(planned)) as parts:
                async for part in parts:
                    if isinstance(part, Answer):
                        trial.answer = part
                    yield part

    async def _parts(self, planned: Planned) -> AsyncGenerator[Part | Answer]:
        caching, request = self._caching(planned), planned.request
        key = key_of(planned.asking.principal.tenant, planned.pipeline, request)
        if caching is not None and not planned.asking.fresh:
            known = await self.answers.get(key)
            if known is not None:
                self.metrics.cached(CacheUse.HIT)
                yield Answer(known, planned.route, CacheUse.HIT)
                return
        call, ticket = _call(planned, stream=True)
        self._count(planned)
        async with aclosing(self.lane.stream(call, ticket)) as events:
            async for event in events:
                if not isinstance(event, Reply):
                    yield event
                    continue
                use = None
                if caching is not None:
                    await self.answers.keep(key, caching, request, event)
                    self.metrics.cached(CacheUse.MISS)
                    use = CacheUse.MISS
                yield Answer(event.body, planned.route, use, event.usage, lasts=event.lasts)

    async def _process(self, planned: Planned, let_in: Callable[[], None] | None) -> Reply:
        self._count(planned)
        call, ticket = _call(planned, stream=False)
        return await self.lane.call(call, ticket, let_in)

    def _caching(self, planned: Planned) -> Caching[Any, Any] | None:
        if planned.trial is not None and planned.trial.is_interleaved:
            return None  # nor may requests share an answer: each has coins of its own
        return self.answers.caching_of(planned.pipeline)

    def _count(self, planned: Planned) -> None:
        route = planned.route
        self.metrics.served(planned.pipeline.operation, route.lane.value, route.tier.value)


@dataclass(slots=True)
class _Noting:
    answer: Answer | None = None


@contextmanager
def _noted(trial: Trial | None) -> Iterator[_Noting]:
    """Tell an experiment how a request ended, if it is in one."""
    noting = _Noting()
    try:
        yield noting
    except Exception as error:
        if trial is not None:
            trial.failed(error)
        raise
    if trial is not None and (answer := noting.answer) is not None:
        is_kept = answer.use in (CacheUse.HIT, CacheUse.STALE)
        trial.replied(answer.body, answer.usage, lasts=answer.lasts, is_kept=is_kept)


def _left_s(route: Route) -> float | None:
    return None if route.deadline is None else route.deadline - time.time()


def _call(planned: Planned, *, stream: bool) -> tuple[Call, Ticket]:
    asking, route = planned.asking, planned.route
    call = Call(
        id=asking.id,
        operation=planned.pipeline.operation,
        body=planned.body,
        tenant=asking.principal.tenant,
        tier=route.tier,
        deadline=route.deadline,
        stream=stream,
    )
    ticket = Ticket(
        id=asking.id,
        lane=route.lane,
        tier=route.tier,
        tenant=asking.principal.tenant,
        estimate_s=route.estimate.seconds,
        deadline=route.deadline,
    )
    return call, ticket
