"""Three endpoints of a model under load: one killed, one slowed, one that comes and goes.

The endpoints are processes that speak OpenAI's protocol and take 0.1 s to begin. Calls come at a
steady rate, streamed, through the platform's balancer with its default settings, states in Redis
and hedging allowed. First each fault is measured alone, beside two healthy endpoints; then all
three at once (`together`), where no endpoint is healthy.

`failed_requests` counts all phases. `ejection_s` is the longest from a fault to its endpoint being
left out. `p99_ratio` is the worst of the three alone against the same load on healthy endpoints.
`together` has a ratio of its own, and `least_p99_ratio` beside it: what nobody can do better. While
the flapping one fails, an answer comes from the slowed one, ten times as late, or from the flapping
one when it is back: so with all three faults at once twice the time of healthy ones is out of
reach, whoever balances.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from typing import Final

from benchmarks._cache_instances import own_redis
from benchmarks._failover_endpoint import Endpoint, Mode, least_p99_s
from benchmarks._failover_load import Load
from benchmarks._postgres import say
from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.health import Standing
from neurocortex.balancing.redis_states import RedisStates, opened
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.openai_chat import close_clients
from neurocortex.settings import BalancingSettings

LOOK_S: Final = 0.02
PATIENCE_S: Final = 60.0
"""An endpoint that is not left out, or let in, by then never is."""

WARM_S: Final = 3.0
"""Connections and the 95th percentile are made in that time, which is not measured."""

Figures = Mapping[str, float | Mapping[str, float]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--rate", type=float, default=30.0, help="calls a second")
    parser.add_argument("--seconds", type=float, help="of each phase; 20, quick: 6")
    parser.add_argument("--quick", action="store_true")


def run(options: argparse.Namespace) -> Figures:
    """Measure each phase for itself."""
    seconds = options.seconds or (6.0 if options.quick else 20.0)
    return asyncio.run(_measured(options.rate, seconds))


async def _measured(rate: float, seconds: float) -> Figures:
    endpoints = [Endpoint() for _ in range(3)]
    provider = LlmProvider(
        endpoints=tuple(
            LlmEndpoint(base_url=each.base_url, model="scripted") for each in endpoints
        ),
        hedge=True,
    )
    killed, slowed, flapping = endpoints
    faults: dict[str, Sequence[tuple[int, Callable[[], None]]]] = {
        "killed": [(0, killed.kill)],
        "slowed": [(1, lambda: slowed.behave(Mode.SLOW))],
        "flapping": [(2, lambda: flapping.behave(Mode.FLAPPING))],
    }
    faults["together"] = [fault for alone in faults.values() for fault in alone]
    async with own_redis() as (url, _), opened(url) as states:
        trial = _Trial(Balancer(url, BalancingSettings()), provider, states, rate)
        await trial.phase(WARM_S, [])
        say(f"{rate:g} calls a second, all healthy")
        found = {"healthy": await trial.phase(seconds, [])}
        for name, those in faults.items():
            say(f"{name}, {seconds:g} s")
            found[name] = await trial.phase(seconds, those)
            if name in ("killed", "together"):
                killed.start()
            for each in endpoints:
                each.behave(Mode.NORMAL)
            found[name]["recovery_s"] = await trial.recovered()
        await close_clients()
    for each in endpoints:
        each.kill()
    healthy_ms = found["healthy"]["p99_ms"]
    found["together"]["p99_ratio"] = found["together"]["p99_ms"] / healthy_ms
    found["together"]["least_p99_ratio"] = 1000 * least_p99_s() / healthy_ms
    alone = [found[name] for name in ("killed", "slowed", "flapping")]
    return {
        "failed_requests": sum(each["failed_requests"] for each in found.values()),
        "ejection_s": max(each["ejection_s"] for each in alone),
        "p99_ratio": max(each["p99_ms"] for each in alone) / healthy_ms,
        **found,
    }


class _Trial:
    def __init__(
        self, balancer: Balancer, provider: LlmProvider, states: RedisStates, rate: float
    ) -> None:
        self._balancer = balancer
        self._provider = provider
        self._states = states
        self._rate = rate

    async def phase(
        self, seconds: float, faults: Sequence[tuple[int, Callable[[], None]]]
    ) -> dict[str, float]:
        """Return the figures of so many seconds under load, from the moment of the faults on."""
        load, stopping = Load(self._balancer, self._provider, self._rate), asyncio.Event()
        running = asyncio.create_task(load.run(stopping))
        await asyncio.sleep(1 / self._rate)
        began, used = time.monotonic(), time.process_time()
        for _, begin in faults:
            begin()
        ejections = [await self._ejected(number, began) for number, _ in faults[:1]]
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        stopping.set()
        await running
        for reason in sorted(set(load.failures))[:5]:
            say(reason)
        hundredths = quantiles(load.seconds, n=100)
        calls = len(load.seconds) + len(load.failures)
        return {
            "calls": calls,
            "failed_requests": len(load.failures),
            "attempts_per_call": load.attempts / calls,
            "p50_ms": 1000 * hundredths[49],
            "p99_ms": 1000 * hundredths[98],
            "cpu_ms_per_call": 1000 * (time.process_time() - used) / calls,
            **({"ejection_s": max(ejections)} if ejections else {}),
        }

    async def recovered(self) -> float:
        """Return the seconds until every endpoint is in again, under load."""
        load, stopping = Load(self._balancer, self._provider, self._rate), asyncio.Event()
        running = asyncio.create_task(load.run(stopping))
        began = time.monotonic()
        while not await self._all_in() and time.monotonic() - began < PATIENCE_S:
            await asyncio.sleep(LOOK_S)
        took = time.monotonic() - began
        stopping.set()
        await running
        return took

    async def _ejected(self, number: int, began: float) -> float:
        while time.monotonic() - began < PATIENCE_S:
            standings = await self._standings()
            if standings[number] is not Standing.IN:
                break
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began

    async def _all_in(self) -> bool:
        return all(each is Standing.IN for each in await self._standings())

    async def _standings(self) -> list[Standing]:
        names = [each.name for each in self._provider.endpoints]
        while True:
            try:
                look = await self._states.look(names)
                break
            except TimeoutError:
                continue  # a busy machine
        return [look.states[name].health.standing(look.now) for name in names]
