"""A lane and a client of it in this process, over a real Redis."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel
from redis.asyncio import Redis

from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.values import Ticket
from neurocortex.cache.cache import Cache
from neurocortex.domain.deployments import Tier
from neurocortex.realtime import opening
from neurocortex.realtime.answers import Part
from neurocortex.realtime.call import Call, Delivery
from neurocortex.realtime.client import LaneClient
from neurocortex.realtime.lane import Lane
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.registry import AnyPipeline, Registry
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.routing.route import Lane as Lanes
from neurocortex.settings import RealtimeSettings, Settings

PATIENCE_S = 20.0


class Asked(Request):
    """What every pipeline of these tests is asked."""

    operation: Literal["test"] = "test"
    text: str = ""


class Answered(BaseModel):
    """What every pipeline of these tests answers."""

    text: str


Serve = Callable[[Asked, Steps], Awaitable[Answered]]
"""The function of a pipeline of these tests."""


def pipeline(serve: Serve, **more: Any) -> AnyPipeline:
    """Return a pipeline that runs a function of a test."""
    return Pipeline(
        operation="test",
        family="nlp",
        summary="For a test.",
        request=Asked,
        result=Answered,
        tier=Tier.HIGH,
        estimate=lambda _: Estimate(seconds=0.01),
        realtime=serve,
        **more,
    )


@dataclass
class Bench:
    """A Redis, a client, and lanes that are started by the test."""

    redis: Redis
    client: LaneClient
    admission: Admission
    lost: list[tuple[Delivery, BaseException]] = field(default_factory=list)

    def request(
        self, text: str = "", *, tier: Tier = Tier.HIGH, tenant: str = "acme", **more: Any
    ) -> tuple[Call, Ticket]:
        """Return a call and its ticket."""
        body = Asked(text=text).model_dump_json().encode()
        call = Call(uuid4(), "test", body, tenant, tier, **more)
        return call, Ticket(call.id, Lanes.REALTIME, tier, tenant, 0.01, call.deadline)

    async def ask(self, text: str = "", **more: Any) -> str:
        """Return what the lane answers."""
        reply = await self.client.call(*self.request(text, **more))
        return Answered.model_validate_json(reply.body).text

    async def parts(self, text: str = "") -> tuple[list[str], str]:
        """Return the parts of a streamed answer, and its result."""
        parts, result = [], ""
        async for event in self.client.stream(*self.request(text, stream=True)):
            if isinstance(event, Part):
                parts.append(event.text)
            else:
                result = Answered.model_validate_json(event.body).text
        return parts, result

    async def held(self) -> int:
        """Return how many places of the admission are held."""
        standing = await self.admission.standing()
        return sum(queue.held for queue in standing.realtime.values())

    async def waiting(self) -> int:
        """Return how many calls are in the streams."""
        keys = [f"neurocortex:lane:calls:{tier.value}" for tier in Tier]
        return sum([await self.redis.xlen(key) for key in keys])

    @asynccontextmanager
    async def lane(
        self,
        serve: Serve | Registry,
        *,
        name: str = "one",
        cache: Cache | None = None,
        **changed: Any,
    ) -> AsyncGenerator[Lane]:
        """Serve with a function, or with pipelines; `changed` are settings of the lane."""
        chosen = Settings(realtime=RealtimeSettings(**{"drain_s": 1, **changed}))
        registry = serve if isinstance(serve, Registry) else Registry([pipeline(serve)])
        async with opening.opened(
            chosen,
            self.redis,
            registry,
            consumer=name,
            lost=lambda delivery, error: self.lost.append((delivery, error)),
            cache=cache,
        ) as lane:
            stopping = asyncio.Event()
            serving = asyncio.create_task(lane.serve(stopping))
            await asyncio.wait_for(lane.ready.wait(), PATIENCE_S)
            try:
                yield lane
            finally:
                stopping.set()
                await asyncio.wait_for(serving, PATIENCE_S)


@asynccontextmanager
async def bench(redis_url: str, timeout_s: float = PATIENCE_S) -> AsyncGenerator[Bench]:
    """Give a client, and what else a test needs."""
    async with Redis.from_url(redis_url) as redis:
        admission = Admission(redis, Limits(tenant_share=1.0, shed_above=1.0))
        async with LaneClient(redis, admission, timeout_s) as client:
            yield Bench(redis, client, admission)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until an async condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.01)
