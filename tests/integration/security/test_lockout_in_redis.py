"""Lock-out, over a real Redis and without one."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from neurocortex.errors import LockedOutError
from neurocortex.security.lockout import Attempt, Lockout
from neurocortex.security.lockout_policy import LockoutPolicy
from neurocortex.security.remote import Remote

POLICY = LockoutPolicy(pair_failures=3, network_failures=10, lock_s=900, longest_lock_s=86_400)

OWNER = Attempt("key AAAAAAAA", "192.0.2.1")
STRANGER = Attempt("key AAAAAAAA", "198.51.100.7")
NOWHERE = "redis://127.0.0.1:9/0"

Two = tuple[Lockout, Lockout]


@asynccontextmanager
async def gateways(url: str, policy: LockoutPolicy = POLICY) -> AsyncGenerator[Two]:
    """Yield the lock-outs of two gateways."""
    async with Redis.from_url(url) as first, Redis.from_url(url) as second:
        yield Lockout(Remote(first), policy), Lockout(Remote(second), policy)


@pytest.fixture(params=["redis", "alone"])
def run(
    request: pytest.FixtureRequest, redis_url: str
) -> Callable[[Callable[[Lockout, Lockout], Awaitable[None]]], None]:
    """Run a story on two gateways that share a Redis, and on one that has none."""

    def go(story: Callable[[Lockout, Lockout], Awaitable[None]]) -> None:
        async def both() -> None:
            if request.param == "redis":
                async with gateways(redis_url) as (one, other):
                    await story(one, other)
            else:
                async with gateways(NOWHERE) as (one, _):
                    await story(one, one)

        asyncio.run(both())

    return go


Run = Callable[[Callable[[Lockout, Lockout], Awaitable[None]]], None]


def test_the_third_failure_locks_on_every_gateway(run: Run) -> None:
    async def story(one: Lockout, other: Lockout) -> None:
        for _ in range(3):
            await other.check(STRANGER)
            await one.failed(STRANGER)
        with pytest.raises(LockedOutError) as caught:
            await other.check(STRANGER)
        assert 890 < caught.value.retry_after_s <= 900

    run(story)


def test_a_stranger_does_not_lock_out_the_owner(run: Run) -> None:
    async def story(one: Lockout, other: Lockout) -> None:
        for _ in range(30):
            await one.failed(STRANGER)
        await other.check(OWNER)
        with pytest.raises(LockedOutError):
            await other.check(STRANGER)

    run(story)


def test_many_ids_from_one_address_lock_it(run: Run) -> None:
    async def story(one: Lockout, other: Lockout) -> None:
        for number in range(10):
            await one.failed(Attempt(f"key {number:08}", "192.0.2.1"))
        with pytest.raises(LockedOutError):
            await other.check(Attempt("key unheardof", "192.0.2.1"))
        with pytest.raises(LockedOutError):
            await other.check(OWNER)
        await other.check(Attempt("key unheardof", "192.0.2.2"))

    run(story)


def test_who_was_right_lately_is_not_held_up_by_guesses_from_the_same_address(run: Run) -> None:
    """Many share an address: a company's, a proxy's."""

    async def story(one: Lockout, other: Lockout) -> None:
        await one.succeeded(OWNER)
        for number in range(10):
            await one.failed(Attempt(f"key {number:08}", OWNER.address))
        await other.check(OWNER)

    run(story)


def test_a_right_credential_ends_the_count_and_the_next_lock_is_longer(run: Run) -> None:
    async def story(one: Lockout, other: Lockout) -> None:
        for _ in range(2):
            await one.failed(OWNER)
        await other.succeeded(OWNER)
        for _ in range(2):
            await one.failed(OWNER)
        await one.check(OWNER)
        for _ in range(
            4
        ):  # the third locks for 900 s; three more, under way before, for twice that
            await one.failed(OWNER)
        with pytest.raises(LockedOutError) as caught:
            await other.check(OWNER)
        assert 1790 < caught.value.retry_after_s <= 1800

    run(story)


def test_addresses_of_one_ipv6_subscriber_count_as_one(run: Run) -> None:
    async def story(one: Lockout, other: Lockout) -> None:
        for number in range(3):
            await one.failed(Attempt("key AAAAAAAA", f"2001:db8::{number}"))
        with pytest.raises(LockedOutError):
            await other.check(Attempt("key AAAAAAAA", "2001:db8::ffff"))
        await other.check(Attempt("key AAAAAAAA", "2001:db8:0:1::"))

    run(story)


def test_a_lock_ends(redis_url: str) -> None:
    async def story() -> None:
        short = LockoutPolicy(pair_failures=1, network_failures=99, lock_s=0.2, longest_lock_s=9)
        async with gateways(redis_url, short) as (one, other):
            await one.failed(OWNER)
            with pytest.raises(LockedOutError) as caught:
                await other.check(OWNER)
            await asyncio.sleep(caught.value.retry_after_s + 0.01)
            await other.check(OWNER)

    asyncio.run(story())


def test_what_is_remembered_ends_by_itself(redis_url: str) -> None:
    async def story() -> None:
        async with gateways(redis_url) as (one, _), Redis.from_url(redis_url) as redis:
            await one.failed(STRANGER)
            await one.succeeded(OWNER)
            names = [name async for name in redis.scan_iter()]
            assert len(names) == 3
            lives = [await redis.ttl(name) for name in names]
            assert all(0 < life <= POLICY.kept_s for life in lives)
            assert not any(b"192.0.2" in name or b"AAAAAAAA" in name for name in names)

    asyncio.run(story())
