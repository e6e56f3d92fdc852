"""Endpoints that behave as a test says, called by a balancer of their own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.race import Emit
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.errors import ProviderError, ProviderRefusedError
from neurocortex.settings import BalancingSettings

Behaviour = Callable[[LlmEndpoint, Emit], Awaitable[str]]


def provider(count: int, *, hedge: bool = False, most: int | None = None) -> LlmProvider:
    return LlmProvider(
        endpoints=tuple(
            LlmEndpoint(base_url=f"http://{number}/v1", model="m", max_concurrent=most)
            for number in range(count)
        ),
        hedge=hedge,
    )


class Endpoints:
    """Behave as a test says, and count what they are called."""

    def __init__(self, *behaviours: Behaviour, **settings: float) -> None:
        self.behaviours = dict(enumerate(behaviours))
        self.calls: Counter[int] = Counter()
        self.cancelled: Counter[int] = Counter()
        self.balancer = Balancer(None, BalancingSettings.model_validate(settings))

    async def attempt(self, endpoint: LlmEndpoint, emit: Emit) -> str:
        number = int(endpoint.base_url.split("/")[2])
        self.calls[number] += 1
        try:
            return await self.behaviours[number](endpoint, emit)
        except asyncio.CancelledError:
            self.cancelled[number] += 1
            raise

    async def ask(self, of: LlmProvider, emit: Emit | None = None, deadline_s: float = 10) -> str:
        return await self.balancer.call(of, self.attempt, emit, deadline_s=deadline_s)


async def fine(_: LlmEndpoint, emit: Emit) -> str:
    await emit("fine")
    return "fine"


async def hanging(_: LlmEndpoint, __: Emit) -> str:
    await asyncio.sleep(3600)
    return "never"


async def dead(endpoint: LlmEndpoint, _: Emit) -> str:
    raise ProviderError(endpoint.base_url, "dead", was_sent=False)


async def broken(endpoint: LlmEndpoint, _: Emit) -> str:
    raise ProviderError(endpoint.base_url, "broken", status=500)


async def cut(endpoint: LlmEndpoint, emit: Emit) -> str:
    await emit("half ")
    raise ProviderError(endpoint.base_url, "cut")


def busy(seconds: float) -> Behaviour:
    async def behave(endpoint: LlmEndpoint, _: Emit) -> str:
        raise ProviderError(endpoint.base_url, "busy", status=429, retry_after_s=seconds)

    return behave


def refusing(status: int) -> Behaviour:
    async def behave(endpoint: LlmEndpoint, _: Emit) -> str:
        raise ProviderRefusedError(endpoint.base_url, "no", status=status)

    return behave


def taking(seconds: float) -> Behaviour:
    async def behave(_: LlmEndpoint, emit: Emit) -> str:
        await asyncio.sleep(seconds)
        await emit("fine")
        return "fine"

    return behave
