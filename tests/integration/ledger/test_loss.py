"""Workers that die, and a Redis that loses everything."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Resources, Work
from neurocortex.errors import LedgerUnavailableError, StaleLeaseError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, Reason, Refusal, WorkerOffer

if TYPE_CHECKING:
    from tests.integration.conftest import MortalRedis

pytestmark = pytest.mark.anyio

HERE = WorkerOffer("here", 2, Resources(2, 2000), lease_s=30)
THERE = WorkerOffer("there", 2, Resources(2, 2000), lease_s=30)
NEW = WorkerOffer("new", 2, Resources(2, 2000), lease_s=30)
BRIEF_S = 0.2


async def lease_of(ledger: Ledger, worker: str = "here") -> Lease:
    work = Work(uuid4(), Tier.LOW, "default", Resources(1, 100), cost=4.0, since=0.0)
    lease = await ledger.acquire(work, worker, {}, 0, (Charge("low", 0, 1),))
    assert isinstance(lease, Lease)
    return lease


def work_of(lease: Lease) -> Work:
    return Work(lease.work, lease.tier, lease.tenant, lease.needs, lease.cost, since=0.0)


async def test_a_silent_workers_leases_are_handed_to_exactly_one_caller(ledger: Ledger) -> None:
    await ledger.join(replace(HERE, lease_s=BRIEF_S))
    await ledger.join(THERE)
    kept = await lease_of(ledger, "there")
    lost = await lease_of(ledger)
    assert await ledger.expired() == ()
    await asyncio.sleep(BRIEF_S)
    answers = await asyncio.gather(*(ledger.expired() for _ in range(10)))
    (handed,) = [lease for answer in answers for lease in answer]
    assert (handed.work, handed.worker) == (lost.work, "here")
    assert handed.token > lost.token
    assert await ledger.leases() == (kept,)
    assert await ledger.workers() == (THERE,)
    with pytest.raises(StaleLeaseError):
        await ledger.release(lost)


async def test_what_is_not_settled_in_time_is_handed_to_the_next(ledger: Ledger) -> None:
    await ledger.join(HERE)
    await lease_of(ledger)
    await ledger.leave("here")
    (first,) = await ledger.expired(settle_s=BRIEF_S)
    await asyncio.sleep(BRIEF_S)
    (second,) = await ledger.expired(settle_s=BRIEF_S)
    assert second.token > first.token
    await ledger.settle(first)
    await asyncio.sleep(BRIEF_S)
    (third,) = await ledger.expired()
    await ledger.settle(third)
    assert await ledger.expired(settle_s=0) == ()


async def test_a_run_that_starts_again_before_it_was_settled_is_not_handed_on(
    ledger: Ledger,
) -> None:
    await ledger.join(HERE)
    await ledger.join(THERE)
    lost = await lease_of(ledger)
    await ledger.leave("here")
    assert len(await ledger.expired(settle_s=0)) == 1
    assert isinstance(await ledger.acquire(work_of(lost), "there", {}, 0, ()), Lease)
    assert await ledger.expired() == ()


async def test_a_late_sign_of_life_keeps_what_nobody_was_handed(ledger: Ledger) -> None:
    brief = replace(HERE, lease_s=BRIEF_S)
    await ledger.join(brief)
    lease = await lease_of(ledger)
    await asyncio.sleep(BRIEF_S)
    assert await ledger.beat(brief, (lease,)) == ()
    assert await ledger.expired() == ()


async def test_a_sign_of_life_renews_every_lease(ledger: Ledger) -> None:
    await ledger.join(replace(HERE, lease_s=5))
    lease = await lease_of(ledger)
    assert await ledger.beat(HERE, (lease,)) == ()
    (renewed,) = await ledger.leases()
    assert renewed.expires > lease.expires + 20


async def test_a_lease_that_was_handed_over_cannot_be_restored(ledger: Ledger) -> None:
    await ledger.join(HERE)
    lease = await lease_of(ledger)
    await ledger.leave("here")
    (handed,) = await ledger.expired()
    await ledger.settle(handed)
    assert await ledger.beat(HERE, (lease,)) == (lease,)
    refusal = await ledger.restore(lease)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.HANDED_OVER


async def test_after_the_loss_of_redis_workers_enter_their_leases_again(
    ledger: Ledger, client: Redis
) -> None:
    await ledger.join(HERE)
    held = (await lease_of(ledger), await lease_of(ledger))
    await client.flushall()
    assert await ledger.beat(replace(HERE, slots=1), held) == held
    again = [await ledger.restore(lease) for lease in held]
    for old, new in zip(held, again, strict=True):
        assert isinstance(new, Lease)
        assert new.token > old.token
        assert replace(new, token=old.token, expires=old.expires) == old
        assert await ledger.restore(old) == new, "its answer may get lost"
    usage = await ledger.usage("here")
    # Both runs exist, although the worker offers one slot now.
    assert (usage.used, usage.free_slots, usage.free.cpu) == (2, 0, 0)
    with pytest.raises(StaleLeaseError):
        await ledger.release(held[0])


async def test_after_a_loss_nothing_is_granted_until_all_had_time_to_enter_their_leases(
    client: Redis,
) -> None:
    """Else the second run of a deployment could start while the first is not known again."""
    brief = 0.3
    ledger, other, newcomer = (Ledger(client, grace_s=brief) for _ in range(3))
    await ledger.join(HERE)
    await other.join(THERE)
    limited = Work(
        id=uuid4(),
        tier=Tier.LOW,
        tenant="default",
        needs=Resources(1, 100),
        cost=1.0,
        since=0.0,
        deployment=uuid4(),
        deployment_limit=1,
    )
    running = await ledger.acquire(limited, "here", {}, 0, ())
    assert isinstance(running, Lease)
    await client.flushall()
    assert await other.beat(THERE, ()) == ()
    second = replace(limited, id=uuid4())
    assert not await newcomer.join(NEW), "somebody has been here before it"
    for each, name in ((other, "there"), (newcomer, "new")):
        refusal = await each.acquire(second, name, {}, 0, ())
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.LOST
    assert await ledger.beat(HERE, (running,)) == (running,)
    assert isinstance(await ledger.restore(running), Lease)
    await asyncio.sleep(brief)
    refusal = await other.acquire(second, "there", {}, 0, ())
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.DEPLOYMENT_LIMIT


async def test_who_joins_a_blank_ledger_is_told_and_may_close_it(client: Redis) -> None:
    """A worker that comes first after a loss knows of none: it has to ask what runs."""
    ledger = Ledger(client, grace_s=BRIEF_S)
    assert await ledger.join(HERE)
    assert not await ledger.join(HERE)
    work = Work(uuid4(), Tier.LOW, "default", Resources(1, 100), cost=4.0, since=0.0)
    await ledger.close(HERE.lease_s)
    refusal = await ledger.acquire(work, "here", {}, 0, ())
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.LOST
    await asyncio.sleep(BRIEF_S)
    assert isinstance(await ledger.acquire(work, "here", {}, 0, ()), Lease)


async def test_a_released_lease_cannot_be_restored(ledger: Ledger) -> None:
    """As when a sign of life that names it crosses its release on the way."""
    await ledger.join(HERE)
    lease = await lease_of(ledger)
    await ledger.release(lease)
    assert await ledger.beat(HERE, (lease,)) == (lease,)
    assert await ledger.restore(lease) == Refusal(Reason.RELEASED, "Its lease was released.")
    assert await ledger.leases() == ()


async def test_a_run_that_started_elsewhere_cannot_be_restored(
    ledger: Ledger, client: Redis
) -> None:
    await ledger.join(HERE)
    lease = await lease_of(ledger)
    await client.flushall()
    await ledger.join(THERE)
    theirs = await ledger.acquire(work_of(lease), "there", {}, 0, ())
    await ledger.join(HERE)
    assert await ledger.restore(lease) == Refusal(Reason.LEASED, "Worker there holds the run.")
    assert await ledger.leases() == (theirs,)


async def test_only_a_worker_that_joined_restores(ledger: Ledger, client: Redis) -> None:
    await ledger.join(HERE)
    lease = await lease_of(ledger)
    await client.flushall()
    refusal = await ledger.restore(lease)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.NOT_JOINED


async def test_a_killed_redis_comes_back_with_what_runs(mortal_redis: "MortalRedis") -> None:
    async with Redis.from_url(mortal_redis.url, decode_responses=True) as client:
        ledger = Ledger(client)
        await ledger.join(HERE)
        lease = await lease_of(ledger)
        mortal_redis.kill()
        with pytest.raises(LedgerUnavailableError):
            await lease_of(ledger)
        mortal_redis.start()
        # What was written in the last second may be on disk or not: both end the same.
        if await ledger.beat(HERE, (lease,)):
            restored = await ledger.restore(lease)
            assert isinstance(restored, Lease)
            lease = restored
        assert [each.token for each in await ledger.leases()] == [lease.token]
        assert (await ledger.usage("here")).free_slots == 1
        await ledger.release(lease)
