"""All processes agree about endpoints, by Redis; each goes on by itself without it."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.health import Health, HealthRules, Standing
from neurocortex.balancing.race import Emit
from neurocortex.balancing.redis_states import NAMESPACE, RedisStates, opened
from neurocortex.balancing.retry_budget import PROBE, RETRY, hedge
from neurocortex.balancing.states import LocalStates
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.errors import ProviderError, ProviderQueueFullError
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


def test_calls_of_all_processes_wait_for_an_endpoint_that_refuses_for_a_moment(
    redis_url: str,
) -> None:
    of = LlmProvider(
        endpoints=(LlmEndpoint(base_url=f"http://{uuid4().hex}/only", model="m"),),
    )
    refused = 0
    is_out = False

    async def flapping(endpoint: LlmEndpoint, _: Emit) -> str:
        nonlocal refused
        if is_out:
            refused += 1
            raise ProviderError(endpoint.base_url, "overloaded", status=503)
        await asyncio.sleep(0.4)
        return "fine"

    async def main() -> None:
        nonlocal is_out
        both = [Balancer(redis_url, BalancingSettings()) for _ in range(2)]
        await asyncio.gather(*(each.call(of, flapping, deadline_s=10) for each in both * 25))
        is_out = True
        asked = [asyncio.create_task(both[0].call(of, flapping, deadline_s=10))]
        while not refused:
            await asyncio.sleep(0.001)
        asked += [asyncio.create_task(both[1].call(of, flapping, deadline_s=10)) for _ in range(9)]
        while refused < 2:
            await asyncio.sleep(0.001)
        is_out = False
        assert await asyncio.gather(*asked) == ["fine"] * 10
        assert refused < 5, "not each of them finds out for itself"

    asyncio.run(main())


def test_all_processes_share_one_budget_of_retries(redis_url: str) -> None:
    async def main() -> int:
        model = uuid4().hex
        async with opened(redis_url) as one, opened(redis_url) as other:
            taken = [await each.may_retry(model, 10, 0.2) for each in (one, other) * 12]
            assert not await one.may_retry(model, 1000, 0.0), "a share of 0 allows none"
        return sum(taken)

    # Each of the 24 adds two tokens and takes one: none is refused.
    assert asyncio.run(main()) == 24


def test_the_script_of_the_budget_is_the_rule_that_a_process_alone_goes_by(redis_url: str) -> None:
    steps = [0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 600, 0, 0, 5, 0, 0]

    async def taken(states: RedisStates | LocalStates) -> list[bool]:
        model = uuid4().hex
        needs = [hedge(0), PROBE, *[RETRY] * 18]
        return [
            await states.may_retry(model, calls, 0.2, need)
            for calls, need in zip(steps, needs, strict=True)
        ]

    async def main() -> None:
        async with opened(redis_url) as shared:
            by_redis = await taken(shared)
        assert by_redis == await taken(LocalStates())
        assert by_redis[:12] == [False] + [True] * 11
        assert not all(by_redis), "the reserve of ten is spent before the 600 calls come"

    asyncio.run(main())


def test_calls_that_wait_are_counted_in_all_processes(redis_url: str) -> None:
    one, other = (Balancer(redis_url, BalancingSettings(max_waiting=1)) for _ in range(2))
    of = LlmProvider(endpoints=(provider(most=1).endpoints[0],))

    async def main() -> None:
        began, may_end = asyncio.Event(), asyncio.Event()

        async def holding(_: LlmEndpoint, __: Emit) -> str:
            began.set()
            await may_end.wait()
            return "fine"

        first = asyncio.create_task(one.call(of, holding, deadline_s=10))
        await began.wait()
        waiting = asyncio.create_task(one.call(of, holding, deadline_s=10))
        async with Redis.from_url(redis_url) as redis, asyncio.timeout(10):
            while not await redis.keys(f"{NAMESPACE}:calls:waiting-*"):
                await asyncio.sleep(0.01)
        with pytest.raises(ProviderQueueFullError, match="1 calls wait"):
            await other.call(of, holding, deadline_s=10)
        may_end.set()
        assert await first == await waiting == "fine"
        async with Redis.from_url(redis_url) as redis:
            assert await redis.keys(f"{NAMESPACE}:calls:*") == []

    asyncio.run(main())


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
