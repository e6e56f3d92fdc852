"""Three endpoints of a model under load: one killed, one slowed, one that comes and goes.

The endpoints are processes that speak OpenAI's protocol and take 1 s to begin, as large models do.
Calls come at a steady rate, streamed, through the platform's balancer with its default settings,
states in Redis and hedging allowed. First each fault is measured alone, beside two healthy
endpoints; then all three at the same moment (`together`), where no endpoint is healthy, for as long
as four minutes leave: such faults last minutes.

The slowed one takes ten times as long. The flapping one is out half of the time, for half a call
give or take half of that: outages shorter than a call are why it flaps rather than is down. Then
come all three with outages of ten calls (`long_outages`): answers come from the slowed one then,
and twice the time of healthy ones is out of reach, whoever balances.

`failed_requests` counts all phases. `ejection_s` is the longest from a fault alone to its endpoint
being left out. `p99_ratio` is that of `together` against the same load on healthy endpoints, with
`least_p99_ratio` beside it: what the schedule of outages leaves to who knows it, and which one is
slow, beforehand. `settled_p99_ratio` leaves out the calls of the first seconds: nobody can know
that an endpoint is slow before an answer is late. `p99_ratio_alone` is the worst of those alone.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import quantiles
from typing import Final

from benchmarks._cache_instances import own_redis
from benchmarks._failover_endpoint import FLAPS, NORMAL_S, SLOW_TIMES, Endpoint, Mode
from benchmarks._failover_load import Load
from benchmarks._postgres import say
from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.health import Health, Standing
from neurocortex.balancing.redis_states import RedisStates, opened
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.openai_chat import close_clients
from neurocortex.settings import BalancingSettings

LOOK_S: Final = 0.02
PATIENCE_S: Final = 60.0
"""An endpoint that is not left out by then never is."""

WARM_S: Final = 5.0
"""Connections and the 95th percentile are made in that time, which is not measured."""

SETTLED_S: Final = 5.0
"""After the faults: each of them has been found out."""

TOGETHER: Final = (("together", Mode.FLAPPING, 4.5), ("long_outages", Mode.AWAY, 1.75))
"""All faults at once: the phase's name, what the third endpoint does, times as long as alone."""

Fault = Callable[[], None]

Figures = Mapping[str, float | Mapping[str, float]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--rate", type=float, default=30.0, help="calls a second")
    parser.add_argument("--seconds", type=float, help="of each fault alone; 20, quick: 3")
    parser.add_argument("--quick", action="store_true")


def run(options: argparse.Namespace) -> Figures:
    """Measure each phase for itself."""
    seconds = options.seconds or (3.0 if options.quick else 20.0)
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
    alone: dict[str, Sequence[tuple[int, Fault]]] = {
        "killed": [(0, killed.kill)],
        "slowed": [(1, partial(slowed.behave, Mode.SLOW))],
        "flapping": [(2, partial(flapping.behave, Mode.FLAPPING))],
    }
    both = [*alone["killed"], *alone["slowed"]]
    async with own_redis() as (url, _), opened(url) as states:
        trial = _Trial(Balancer(url, BalancingSettings()), provider, states, rate)
        await trial.phase(WARM_S, [])
        say(f"{rate:g} calls a second, all healthy")
        found = {"healthy": await trial.phase(seconds, [])}
        healthy_ms = found["healthy"]["p99_ms"]
        for name, faults in alone.items():
            say(f"{name}, {seconds:g} s")
            found[name] = await trial.phase(seconds, faults)
            await _mended(endpoints, trial)
        for name, mode, times in TOGETHER:
            lasts_s = times * seconds
            say(f"{name}, {lasts_s:g} s")
            found[name] = await trial.phase(lasts_s, [*both, (2, partial(flapping.behave, mode))])
            await _mended(endpoints, trial)
            least = FLAPS[mode].least_s(NORMAL_S, NORMAL_S * SLOW_TIMES, lasts_s, rate)
            found[name]["least_p99_ratio"] = 1000 * quantiles(least, n=100)[98] / healthy_ms
        await close_clients()
    for each in endpoints:
        each.kill()
    for figures in found.values():
        figures["p99_ratio"] = figures["p99_ms"] / healthy_ms
        figures["settled_p99_ratio"] = figures["settled_p99_ms"] / healthy_ms
    return {
        "failed_requests": sum(each["failed_requests"] for each in found.values()),
        "ejection_s": max(found[name]["ejection_s"] for name in alone),
        "p99_ratio": found["together"]["p99_ratio"],
        "settled_p99_ratio": found["together"]["settled_p99_ratio"],
        "least_p99_ratio": found["together"]["least_p99_ratio"],
        "p99_ratio_alone": max(found[name]["p99_ratio"] for name in alone),
        **found,
    }


async def _mended(endpoints: Sequence[Endpoint], trial: "_Trial") -> None:
    """Begin anew: after many failures an endpoint would be left out for up to a minute."""
    for each in endpoints:
        each.behave(Mode.NORMAL)
        each.start()
    await trial.forget()


class _Trial:
    def __init__(
        self, balancer: Balancer, provider: LlmProvider, states: RedisStates, rate: float
    ) -> None:
        self._balancer = balancer
        self._provider = provider
        self._states = states
        self._rate = rate

    async def phase(self, seconds: float, faults: Sequence[tuple[int, Fault]]) -> dict[str, float]:
        """Return the figures of so many seconds under load, from the moment of the faults on."""
        settled_s = min(SETTLED_S, seconds / 2)
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
        seconds_each = [each.seconds for each in load.answered]
        settled = [each.seconds for each in load.answered if each.began >= began + settled_s]
        hundredths = quantiles(seconds_each, n=100)
        calls = len(load.answered) + len(load.failures)
        return {
            "calls": calls,
            "failed_requests": len(load.failures),
            "attempts_per_call": load.attempts / calls,
            "p50_ms": 1000 * hundredths[49],
            "p99_ms": 1000 * hundredths[98],
            "settled_p99_ms": 1000 * quantiles(settled, n=100)[98],
            "max_ms": 1000 * max(seconds_each),
            "cpu_ms_per_call": 1000 * (time.process_time() - used) / calls,
            **({"ejection_s": max(ejections)} if ejections else {}),
        }

    async def forget(self) -> None:
        """Have every endpoint be in."""
        names = [each.name for each in self._provider.endpoints]
        look = await self._states.look(names)
        for name in names:
            await self._states.change(name, look.states[name], Health())

    async def _ejected(self, number: int, began: float) -> float:
        while time.monotonic() - began < PATIENCE_S:
            standings = await self._standings()
            if standings[number] is not Standing.IN:
                break
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began

    async def _standings(self) -> list[Standing]:
        names = [each.name for each in self._provider.endpoints]
        while True:
            try:
                look = await self._states.look(names)
                break
            except TimeoutError:
                continue  # a busy machine
        return [look.states[name].health.standing(look.now) for name in names]
