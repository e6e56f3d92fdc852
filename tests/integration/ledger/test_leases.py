"""Taking slots and resources, and giving them back."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Resources, Work
from neurocortex.errors import LedgerUnavailableError, NeverFitsError, StaleLeaseError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, Reason, Refusal, WorkerOffer

pytestmark = pytest.mark.anyio

LARGE = WorkerOffer("large", 4, Resources(4, 4000, 4000, 1000), lease_s=30)
SMALL = WorkerOffer("small", 2, Resources(1, 1000, 1000, 100), lease_s=30)


def work(
    tier: Tier = Tier.MEDIUM,
    *,
    needs: Resources | None = None,
    deployment: UUID | None = None,
    deployment_limit: int | None = None,
    cost: float = 10.0,
) -> Work:
    return Work(
        id=uuid4(),
        tier=tier,
        tenant="default",
        needs=needs or Resources(0.1, 100),
        cost=cost,
        since=0.0,
        deployment=deployment,
        deployment_limit=deployment_limit,
    )


async def leased(
    ledger: Ledger, asked: Work, worker: str = "large", charges: tuple[Charge, ...] = ()
) -> Lease:
    lease = await ledger.acquire(asked, worker, {}, 0, charges)
    assert isinstance(lease, Lease), lease
    return lease


async def refused(
    ledger: Ledger,
    asked: Work,
    worker: str = "large",
    limits: dict[Tier, int] | None = None,
    reserve: int = 0,
) -> Refusal:
    refusal = await ledger.acquire(asked, worker, limits or {}, reserve, ())
    assert isinstance(refusal, Refusal), refusal
    return refusal


async def test_a_lease_says_what_was_asked_and_is_listed_until_its_release(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    asked = work(needs=Resources(1.5, 512, 64, 10), deployment=uuid4())
    lease = await leased(ledger, asked, charges=(Charge("medium", 5, 2.5),))
    assert (lease.work, lease.worker, lease.needs) == (asked.id, "large", asked.needs)
    assert lease.charges == (Charge("medium", 5, 2.5),)
    assert lease.expires == pytest.approx(lease.granted + 30, abs=1)
    assert await ledger.leases() == (lease,)
    usage = await ledger.usage("large")
    assert (usage.slots, usage.free_slots, usage.used) == (4, 3, 1)
    assert usage.free == Resources(2.5, 3488, 3936, 990)
    assert usage.by_deployment == {asked.deployment: 1}
    await ledger.release(lease)
    assert await ledger.leases() == ()
    usage = await ledger.usage("large")
    assert (usage.free_slots, usage.free, usage.by_tier) == (4, LARGE.offered, {})


async def test_a_work_has_one_lease(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    await ledger.join(SMALL)
    asked = work()
    await leased(ledger, asked)
    refusal = await refused(ledger, asked, "small")
    assert refusal == Refusal(Reason.LEASED, "Worker large holds the run.")


async def test_each_limit_refuses_with_its_own_reason(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    deployment = uuid4()
    await leased(ledger, work(needs=Resources(3.5), deployment=deployment))
    assert (await refused(ledger, work(), limits={Tier.MEDIUM: 1})).reason is Reason.TIER_LIMIT
    limited = work(deployment=deployment, deployment_limit=1)
    assert (await refused(ledger, limited)).reason is Reason.DEPLOYMENT_LIMIT
    assert (await refused(ledger, work(), reserve=3)).reason is Reason.RESERVE
    resources = await refused(ledger, work(needs=Resources(1)))
    assert resources.reason is Reason.RESOURCES
    assert resources.text == "It needs 1 cpu; the worker's runs hold 3.5 of 4."
    assert (await refused(ledger, work(), "nobody")).reason is Reason.NOT_JOINED
    for _ in range(3):
        await leased(ledger, work(Tier.CRITICAL))
    slots = await refused(ledger, work(Tier.CRITICAL))
    assert slots == Refusal(Reason.SLOTS, "4 of the worker's 4 slots are held.")


async def test_critical_work_takes_the_reserve(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    for _ in range(2):
        assert isinstance(await ledger.acquire(work(), "large", {}, 2, ()), Lease)
    assert (await refused(ledger, work(), reserve=2)).reason is Reason.RESERVE
    for _ in range(2):
        assert isinstance(await ledger.acquire(work(Tier.CRITICAL), "large", {}, 2, ()), Lease)


async def test_what_no_worker_has_never_fits(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    await ledger.join(SMALL)
    with pytest.raises(NeverFitsError, match="largest worker offers 4") as caught:
        await ledger.acquire(work(needs=Resources(4.5)), "small", {}, 0, ())
    assert (caught.value.resource, caught.value.needed, caught.value.largest) == ("cpu", 4.5, 4)
    refusal = await refused(ledger, work(needs=Resources(3)), "small")
    assert refusal.reason is Reason.RESOURCES


async def test_a_stale_token_changes_nothing(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    asked = work()
    first = await leased(ledger, asked)
    await ledger.release(first)
    second = await leased(ledger, asked)
    assert second.token > first.token
    with pytest.raises(StaleLeaseError):
        await ledger.release(first)
    assert await ledger.leases() == (second,)


async def test_many_clients_at_once_never_exceed_a_limit(redis_url: str, ledger: Ledger) -> None:
    await ledger.join(LARGE)
    await ledger.join(SMALL)
    async with Redis.from_url(redis_url, decode_responses=True) as other:
        both = (ledger, Ledger(other))
        answers = await asyncio.gather(
            *(
                both[n % 2].acquire(
                    work(Tier.LOW if n % 3 else Tier.HIGH, needs=Resources(0.6)),
                    ("large", "small")[n % 2],
                    {Tier.LOW: 2},
                    1,
                    (Charge("low", 0, 1),),
                )
                for n in range(200)
            )
        )
    leases = [answer for answer in answers if isinstance(answer, Lease)]
    assert sorted(leases, key=lambda lease: lease.token) == sorted(
        await ledger.leases(), key=lambda lease: lease.token
    )
    assert len({lease.token for lease in leases}) == len(leases)
    assert sum(lease.tier is Tier.LOW for lease in leases) == 2
    # 4 slots of the large one, and one of the small one's two: 1.2 cores are more than it has.
    assert len(leases) == 5
    assert (await ledger.usage("large")).accounts == {"low": float(len(leases))}


async def test_charges_are_corrected_by_the_actual_cost(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    charges = (Charge("medium", 100, 5), Charge("medium/default", 0, 10))
    lease = await leased(ledger, work(), charges=charges)
    assert (await ledger.usage("large")).accounts == {"medium": 105, "medium/default": 10}
    await ledger.release(lease, actual_cost=20)
    assert (await ledger.usage("large")).accounts == {"medium": 110, "medium/default": 20}
    lease = await leased(ledger, work(), charges=(Charge("medium", 100, 5),))
    await ledger.hand_back(lease)
    assert (await ledger.usage("large")).accounts == {"medium": 110, "medium/default": 20}


async def test_estimates_and_drain_are_learned_from_runs_that_ended(ledger: Ledger) -> None:
    await ledger.join(LARGE)
    deployment, unknown = uuid4(), uuid4()
    for actual in (10.0, 20.0):
        await ledger.release(await leased(ledger, work(deployment=deployment)), actual)
    await ledger.hand_back(await leased(ledger, work(deployment=deployment)))
    assert await ledger.estimates([deployment, unknown]) == {deployment: 12.0}
    drain = await ledger.drain(Tier.MEDIUM)
    assert drain.ended == 2
    assert 0 < drain.mean_s < 5
    assert (await ledger.drain(Tier.LOW)).mean_s == 0


async def test_asking_again_for_a_grant_whose_answer_got_lost_is_one_lease(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.join(LARGE)
    once = uuid4()
    monkeypatch.setattr("neurocortex.ledger.ledger.uuid4", lambda: once)
    asked = work()
    assert await leased(ledger, asked) == await leased(ledger, asked)
    assert (await ledger.usage("large")).used == 1


async def test_an_unreachable_redis_is_a_typed_error() -> None:
    async with Redis.from_url("redis://127.0.0.1:1", decode_responses=True) as nowhere:
        with pytest.raises(LedgerUnavailableError, match="ledger"):
            await Ledger(nowhere).join(replace(LARGE))


async def test_an_idle_account_is_kept_while_a_run_that_it_paid_for_goes_on(
    ledger: Ledger, client: Redis
) -> None:
    await ledger.join(LARGE)
    lease = await leased(ledger, work(), charges=(Charge("low", 0, 4),))
    await client.zadd("neurocortex:touched", {"low": 0})
    await leased(ledger, work())
    assert (await ledger.usage("large")).accounts == {"low": 4}
    await ledger.release(lease, actual_cost=20)
    assert (await ledger.usage("large")).accounts == {"low": 8}
    await client.zadd("neurocortex:touched", {"low": 0})
    await leased(ledger, work())
    assert (await ledger.usage("large")).accounts == {}


async def test_what_ended_leaves_nothing_behind(ledger: Ledger, client: Redis) -> None:
    await ledger.join(LARGE)
    lease = await leased(ledger, work(deployment=uuid4()), charges=(Charge("low", 0, 1),))
    await ledger.release(lease, 1)
    await client.zadd("neurocortex:touched", {"low": 0})
    await ledger.hand_back(await leased(ledger, work()))
    await ledger.leave("large")
    assert await ledger.expired() == ()
    left = [key for key in await client.keys() if await client.ttl(key) < 0]
    assert left == ["neurocortex:token"]
