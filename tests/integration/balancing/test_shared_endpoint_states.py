"""All processes agree about endpoints, by Redis; each goes on by itself without it."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.health import Health, HealthRules, Standing
from neurocortex.balancing.race import Emit
from neurocortex.balancing.redis_states import NAMESPACE, opened
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.errors import ProviderError
from neurocortex.settings import BalancingSettings
from tests.integration.conftest import MortalRedis

RULES = HealthRules(failures=3, ejection_s=5, max_ejection_s=60, check_every_s=5)


def provider(most: int | None = None) -> LlmProvider:
    host = uuid4().hex
    return LlmProvider(
        endpoints=tuple(
            LlmEndpoint(base_url=f"http://{host}/{name}", model="m", max_concurrent=most)
            for name in ("bad", "good")
        )
    )


async def attempt(endpoint: LlmEndpoint, _: Emit) -> str:
    if endpoint.base_url.endswith("bad"):
        raise ProviderError(endpoint.base_url, "broken", status=500)
    return "fine"


def test_what_one_process_ejects_no_other_calls(redis_url: str) -> None:
    of = provider()
    called: list[str] = []

    async def second(endpoint: LlmEndpoint, _: Emit) -> str:
        called.append(endpoint.base_url)
        return "fine"

    async def main() -> None:
        one = Balancer(redis_url, BalancingSettings())
        other = Balancer(redis_url, BalancingSettings())
        for _ in range(10):
            await one.call(of, attempt, deadline_s=10)
        for _ in range(10):
            await other.call(of, second, deadline_s=10)

    asyncio.run(main())
    assert set(called) == {of.endpoints[1].base_url}


def test_calls_in_flight_are_counted_together_and_their_leases_end(redis_url: str) -> None:
    async def main() -> None:
        name = uuid4().hex
        async with opened(redis_url) as one, opened(redis_url) as other:
            assert await one.begin(name, "a", 2)
            assert await other.begin(name, "b", 2)
            assert not await one.begin(name, "c", 2)
            assert (await other.look([name])).states[name].in_flight == 2
            await other.end(name, "b")
            assert await one.begin(name, "c", 2)
            async with Redis.from_url(redis_url) as redis:
                calls = f"{NAMESPACE}:calls:{name}"
                assert 0 < await redis.pttl(calls) <= 120_000
                await redis.zadd(calls, {"a": 1, "c": 1})  # their processes died long ago
            assert (await one.look([name])).states[name].in_flight == 0

    asyncio.run(main())


def test_of_many_who_would_probe_one_does(redis_url: str) -> None:
    async def main() -> int:
        name = uuid4().hex
        async with opened(redis_url) as states:
            look = await states.look([name])
            due = Health(ejected_at=1, ejected_until=2)
            assert await states.change(name, look.states[name], due)
            look = await states.look([name])
            assert look.states[name].health.standing(look.now) is Standing.DUE
            probed = RULES.probed(look.states[name].health, look.now)
            done = await asyncio.gather(
                *(states.change(name, look.states[name], probed) for _ in range(10))
            )
        return sum(done)

    assert asyncio.run(main()) == 1


def test_calls_go_on_while_redis_is_away(mortal_redis: MortalRedis) -> None:
    of = provider()

    async def main() -> None:
        balancer = Balancer(mortal_redis.url, BalancingSettings())
        for _ in range(6):
            await balancer.call(of, attempt, deadline_s=10)
        mortal_redis.kill()
        for _ in range(6):
            assert await balancer.call(of, attempt, deadline_s=10) == "fine"

    asyncio.run(main())


def test_who_was_ejected_before_redis_went_stays_out(mortal_redis: MortalRedis) -> None:
    of = provider()
    called: list[str] = []

    async def counted(endpoint: LlmEndpoint, emit: Emit) -> str:
        called.append(endpoint.base_url[-4:])
        return await attempt(endpoint, emit)

    async def main() -> None:
        balancer = Balancer(mortal_redis.url, BalancingSettings(ejection_s=60))
        for _ in range(8):
            await balancer.call(of, counted, deadline_s=10)
        mortal_redis.kill()
        called.clear()
        for _ in range(8):
            await balancer.call(of, counted, deadline_s=10)

    asyncio.run(main())
    assert set(called) == {"good"}


def test_a_redis_that_was_never_there_stops_no_call() -> None:
    of = provider()
    balancer = Balancer("redis://127.0.0.1:9/0", BalancingSettings())

    async def main() -> None:
        for _ in range(4):
            assert await balancer.call(of, attempt, deadline_s=10) == "fine"

    asyncio.run(main())


def test_a_place_is_given_back_whatever_happens(redis_url: str) -> None:
    of = provider(most=1)

    async def cancelled(_: LlmEndpoint, __: Emit) -> str:
        raise asyncio.CancelledError

    async def main() -> None:
        balancer = Balancer(redis_url, BalancingSettings())
        for _ in range(4):
            with pytest.raises(asyncio.CancelledError):
                await balancer.call(of, cancelled, deadline_s=10)
        async with opened(redis_url) as states:
            names = [each.name for each in of.endpoints]
            look = await states.look(names)
        assert [look.states[name].in_flight for name in names] == [0, 0]

    asyncio.run(main())
