"""Rates: gateways together stay within the limit, with Redis and without it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle

import pytest
from redis.asyncio import Redis

from neurocortex.errors import RateLimitedError
from neurocortex.security.gcra import Rate
from neurocortex.security.rates import LEASE_S, OF_ALL, RateLimits, Rates
from neurocortex.security.remote import Remote
from tests.integration.conftest import MortalRedis

NOWHERE = "redis://127.0.0.1:9/0"


@asynccontextmanager
async def gateways(url: str, limits: RateLimits, count: int = 3) -> AsyncGenerator[list[Rates]]:
    """Yield the rates of several gateways, each with a connection pool of its own."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Redis.from_url(url)) for _ in range(count)]
        remotes = [Remote(client) for client in clients]
        yield [Rates(remote, limits) for remote in remotes]
        for remote in remotes:
            await remote.close()


def limits(total: Rate, tenant: Rate | None = None) -> RateLimits:
    return RateLimits(total, tenant or total)


async def is_let_through(rates: Rates, tenant: str) -> bool:
    try:
        await rates.allow(tenant)
    except RateLimitedError:
        return False
    return True


async def storm(
    all_rates: list[Rates], tenants: list[str], seconds: float, callers: int = 30
) -> tuple[Counter[str], float]:
    """Ask as often as it goes, from many callers; count what was let through, by tenant."""
    passed: Counter[str] = Counter()
    began = time.monotonic()

    async def call(rates: Rates, tenant: str) -> None:
        while time.monotonic() - began < seconds:
            if rates.try_now(tenant) or await is_let_through(rates, tenant):
                passed[tenant] += 1
            await asyncio.sleep(random.random() / 50)

    pairs = zip(cycle(all_rates), cycle(tenants), range(callers), strict=False)
    await asyncio.gather(*(call(rates, tenant) for rates, tenant, _ in pairs))
    return passed, time.monotonic() - began


def test_gateways_together_never_exceed_a_tenants_limit(redis_url: str) -> None:
    async def story() -> None:
        rate = Rate(per_s=200, burst=50)
        async with gateways(redis_url, limits(Rate(10_000, 10_000), rate)) as three:
            passed, took = await storm(three, ["acme"], 1.5)
        allowed = rate.per_s * (took + LEASE_S) + rate.burst
        assert 0.4 * (rate.per_s * took + rate.burst) <= passed["acme"] <= allowed

    asyncio.run(story())


def test_all_tenants_together_never_exceed_the_limit_of_all(redis_url: str) -> None:
    async def story() -> None:
        total = Rate(per_s=300, burst=60)
        async with gateways(redis_url, limits(total, Rate(200, 40))) as three:
            passed, took = await storm(three, ["a", "b", "c", "d"], 1.5, callers=48)
        assert passed.total() <= total.per_s * (took + LEASE_S) + total.burst
        assert passed.total() >= 0.4 * (total.per_s * took + total.burst)
        assert min(passed.values()) > 0

    asyncio.run(story())


def test_callers_at_the_same_moment_get_no_more_than_the_burst(redis_url: str) -> None:
    async def story() -> None:
        # A token comes back in 1000 s: whatever is let through is of the burst.
        limit = limits(Rate(10_000, 10_000), Rate(0.001, 25))
        async with gateways(redis_url, limit) as three:
            asked = [is_let_through(rates, "acme") for rates in three for _ in range(200)]
            assert sum(await asyncio.gather(*asked)) == 25

    asyncio.run(story())


def test_a_refusal_says_whose_limit_and_when_to_come_again(redis_url: str) -> None:
    async def story() -> None:
        limit = limits(Rate(100, 1000), Rate(10, 2))
        async with gateways(redis_url, limit, 1) as (rates,):
            await rates.allow("acme")
            await rates.allow("acme")
            with pytest.raises(RateLimitedError, match="tenant acme is 10 requests/s") as caught:
                await rates.allow("acme")
            assert caught.value.limit == 10
            assert 0.05 < caught.value.retry_after_s <= 0.1
            await rates.allow("other")
            await asyncio.sleep(caught.value.retry_after_s + 0.005)
            await rates.allow("acme")

    asyncio.run(story())


def test_the_limit_of_all_is_told_apart(redis_url: str) -> None:
    async def story() -> None:
        limit = limits(Rate(10, 1), Rate(100, 100))
        async with gateways(redis_url, limit, 1) as (rates,):
            await rates.allow("acme")
            with pytest.raises(RateLimitedError, match=OF_ALL) as caught:
                await rates.allow("other")
            assert caught.value.limit == 10

    asyncio.run(story())


def test_a_busy_tenant_takes_blocks_and_most_requests_ask_nobody(redis_url: str) -> None:
    async def story() -> None:
        async with gateways(redis_url, limits(Rate(1000, 1000)), 1) as (rates,):
            at_once = 0
            for _ in range(600):
                if rates.try_now("acme"):
                    at_once += 1
                else:
                    await rates.allow("acme")
            assert at_once > 540

    asyncio.run(story())


def test_what_is_not_used_in_time_is_lost(redis_url: str) -> None:
    async def story() -> None:
        async with gateways(redis_url, limits(Rate(1000, 1000)), 1) as (rates,):
            for _ in range(40):
                await rates.allow("acme")
            while not rates.try_now("acme"):
                await rates.allow("acme")
            await asyncio.sleep(LEASE_S)
            assert not rates.try_now("acme")

    asyncio.run(story())


def test_without_redis_a_gateway_keeps_its_share(mortal_redis: MortalRedis) -> None:
    async def story() -> None:
        rate = Rate(per_s=300, burst=30)
        async with gateways(mortal_redis.url, limits(rate), 3) as three:
            for rates in three * 2:  # each hears of the others
                assert await is_let_through(rates, "acme")
                await asyncio.sleep(LEASE_S)
            mortal_redis.kill()
            passed, took = await storm(three, ["acme"], 1.0)
            share = rate.share(3)
            # Since Redis last answered, so long ago, tokens have come back.
            assert passed["acme"] <= rate.per_s * (took + 6 * LEASE_S + LEASE_S)
            assert passed["acme"] >= 0.3 * rate.per_s * took
            while await is_let_through(three[0], "acme"):
                pass
            with pytest.raises(RateLimitedError) as caught:
                await three[0].allow("acme")
            assert 0 < caught.value.retry_after_s <= share.interval_s
            mortal_redis.start()
            async with asyncio.timeout(10):
                while not three[0].try_now("acme"):  # a lease: Redis is asked again
                    await is_let_through(three[0], "acme")
                    await asyncio.sleep(0.001)

    asyncio.run(story())


def test_a_gateway_that_never_met_redis_is_limited_as_well() -> None:
    async def story() -> None:
        async with gateways(NOWHERE, limits(Rate(100, 10), Rate(50, 5)), 1) as (rates,):
            passed, took = await storm([rates], ["a", "b", "c"], 0.5, callers=9)
        assert 5 <= passed["a"] <= 50 * took + 5
        assert passed.total() <= 100 * took + 10

    asyncio.run(story())


def test_tenants_that_are_idle_are_forgotten(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurocortex.security.rates.LEASES", 5)

    async def story() -> None:
        async with gateways(redis_url, limits(Rate(1000, 1000)), 1) as (rates,):
            for number in range(5):
                await rates.allow(f"tenant-{number}")
            await asyncio.sleep(LEASE_S)
            await rates.allow("one-more")
            assert len(rates._leases) == 1

    asyncio.run(story())
