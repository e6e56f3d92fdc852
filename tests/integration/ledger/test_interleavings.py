"""The ledger against a model of itself, under any order of what workers, reconcilers and faults do.

Each call is one atomic script, so an interleaving of many workers is a sequence of calls. A worker
falls silent by `leave`, which has the effect of a lease that ran out, without the waiting.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Resources, Usage, Work
from neurocortex.errors import NeverFitsError, StaleLeaseError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, Reason, Refusal, WorkerOffer

T = TypeVar("T")

OFFERS = {
    "one": WorkerOffer("one", 1, Resources(1.0), lease_s=600),
    "two": WorkerOffer("two", 2, Resources(1.1), lease_s=600),
    "three": WorkerOffer("three", 3, Resources(2.0), lease_s=600),
}
LIMITS = {Tier.LOW: 2, Tier.HIGH: 3}
RESERVE = 1
DEPLOYMENT = UUID(int=99)
DEPLOYMENT_LIMIT = 2

names = st.sampled_from(sorted(OFFERS))
works = st.integers(0, 8).map(
    lambda n: Work(
        id=UUID(int=n),
        tier=(Tier.CRITICAL, Tier.HIGH, Tier.LOW)[n % 3],
        tenant="default",
        needs=Resources((0.1, 0.7, 1.0, 1.8)[n % 4]),
        cost=1.0,
        since=0.0,
        deployment=DEPLOYMENT if n % 2 else None,
        deployment_limit=DEPLOYMENT_LIMIT if n % 2 else None,
    )
)


class Model:
    """What the ledger should hold, and what each worker believes it runs."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self.leases: dict[UUID, Lease] = {}
        self.running: dict[str, dict[UUID, Lease]] = {name: {} for name in OFFERS}
        self.orphans: dict[UUID, Lease] = {}
        self.in_time: dict[UUID, bool] = {}
        self.void: dict[UUID, int] = {}
        self.released: dict[UUID, int] = {}
        self.past: list[Lease] = []
        self.last_token = 0
        self.charged = 0

    def lose_everything(self) -> None:
        self.alive.clear()
        self.leases.clear()
        self.orphans.clear()
        self.void.clear()
        self.released.clear()
        self.charged = 0

    def stale(self) -> list[Lease]:
        """Past leases, those first whose work somebody holds."""
        tokens = {lease.token for lease in self.leases.values()}
        stale = [lease for lease in self.past if lease.token not in tokens]
        return [lease for lease in stale if lease.work in self.leases] or stale

    def bar(self, lease: Lease) -> Reason | None:
        """What stands against restoring a lease."""
        if lease.work in self.leases:
            return Reason.LEASED
        if self.void.get(lease.work, 0) >= lease.token:
            return Reason.HANDED_OVER
        if self.released.get(lease.work, 0) >= lease.token:
            return Reason.RELEASED
        return Reason.NOT_JOINED if lease.worker not in self.alive else None

    def obstacle(self, work: Work, worker: str) -> Reason | None:
        """The first rule that stands against a start, written without the ledger's counters."""
        leases = list(self.leases.values())
        mine = [lease for lease in leases if lease.worker == worker]
        offer = OFFERS[worker]
        cpu = sum(lease.needs.cpu for lease in mine) + work.needs.cpu
        total = sum(OFFERS[name].slots for name in self.alive)
        others = sum(lease.tier is not Tier.CRITICAL for lease in leases)
        in_tier = sum(lease.tier is work.tier for lease in leases)
        in_deployment = sum(lease.deployment == work.deployment for lease in leases)
        rules = (
            (Reason.LEASED, work.id in self.leases),
            (Reason.NOT_JOINED, worker not in self.alive),
            (Reason.TIER_LIMIT, in_tier >= LIMITS.get(work.tier, 100)),
            (
                Reason.DEPLOYMENT_LIMIT,
                work.deployment is not None and in_deployment >= DEPLOYMENT_LIMIT,
            ),
            (Reason.RESERVE, work.tier is not Tier.CRITICAL and others >= total - RESERVE),
            (Reason.SLOTS, len(mine) >= offer.slots),
            (Reason.RESOURCES, cpu > offer.offered.cpu + 1e-9),
        )
        return next((reason for reason, stands in rules if stands), None)

    def fits_somebody(self, work: Work) -> bool:
        return any(work.needs.cpu <= OFFERS[name].offered.cpu for name in self.alive)

    def grant(self, lease: Lease) -> None:
        assert lease.token > self.last_token
        self.last_token = lease.token
        self.leases[lease.work] = lease
        self.running[lease.worker][lease.work] = lease


class LedgerMachine(RuleBasedStateMachine):
    """Three workers, nine works."""

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.redis = Redis.from_url(redis_url, decode_responses=True)
        self.ledger = Ledger(self.redis, grace_s=0)
        self.model = Model()
        self.run(self.redis.flushdb())

    def run(self, call: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await call

        return self.loop.run_until_complete(awaited())

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.loop.close()

    @initialize()
    def start(self) -> None:
        for name in OFFERS:
            self.beat(name)

    @rule(name=names)
    def beat(self, name: str) -> None:
        """A sign of life; what was lost is restored, or its run stopped."""
        model = self.model
        held = model.running[name]
        lost = self.run(self.ledger.beat(OFFERS[name], tuple(held.values())))
        model.alive.add(name)
        assert set(lost) == {
            lease for lease in held.values() if lease != model.leases.get(lease.work)
        }
        for lease in lost:
            self._restore(lease)

    def _restore(self, lease: Lease) -> None:
        model = self.model
        bar = model.bar(lease)
        answer = self.run(self.ledger.restore(lease))
        if isinstance(answer, Lease):
            assert bar is None
            model.grant(answer)
        else:
            assert answer.reason is bar
            model.past.append(model.running[lease.worker].pop(lease.work))

    @rule(wanted=st.lists(works, min_size=1, max_size=5), name=names)
    def fill(self, wanted: list[Work], name: str) -> None:
        for work in wanted:
            self._acquire(work, name)

    def _acquire(self, work: Work, name: str) -> None:
        model = self.model
        obstacle = model.obstacle(work, name)
        started = self.ledger.acquire(work, name, LIMITS, RESERVE, (Charge("all", 0, 1),))
        blocked = obstacle in {Reason.LEASED, Reason.NOT_JOINED}
        if not blocked and not model.fits_somebody(work):
            with pytest.raises(NeverFitsError):
                self.run(started)
            return
        answer = self.run(started)
        if isinstance(answer, Lease):
            assert obstacle is None
            model.orphans.pop(work.id, None)
            model.grant(answer)
            model.charged += 1
        else:
            assert answer.reason is obstacle

    @precondition(lambda self: any(self.model.running.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A run ends; its worker may not have heard yet that it lost the lease."""
        model = self.model
        held = [lease for runs in model.running.values() for lease in runs.values()]
        lease = data.draw(st.sampled_from(held))
        model.past.append(model.running[lease.worker].pop(lease.work))
        if model.leases.get(lease.work) == lease:
            self.run(self.ledger.release(lease))
            model.released[lease.work] = lease.token
            del model.leases[lease.work]
        else:
            with pytest.raises(StaleLeaseError):
                self.run(self.ledger.release(lease))

    @precondition(lambda self: self.model.stale())
    @rule(data=st.data())
    def act_with_a_past_lease(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.model.stale()))
        with pytest.raises(StaleLeaseError):
            self.run(self.ledger.hand_back(lease))
        bar = self.model.bar(lease)
        if bar is not None:
            answer = self.run(self.ledger.restore(lease))
            assert isinstance(answer, Refusal)
            assert answer.reason is bar

    @rule(name=names, killed=st.booleans(), noticed=st.booleans())
    def fall_silent(self, name: str, killed: bool, noticed: bool) -> None:
        """Its runs go on, or died with it; its leases run out now, or before its next beat."""
        model = self.model
        self.run(self.ledger.leave(name))
        model.alive.discard(name)
        if killed:
            model.past.extend(model.running[name].values())
            model.running[name].clear()
        if noticed:
            self.reconcile(in_time=True)

    @rule(in_time=st.booleans())
    def reconcile(self, in_time: bool) -> None:
        """Dead workers' leases, and what a reconciler did not settle in time, are handed over."""
        model = self.model
        handed = self.run(self.ledger.expired(settle_s=600 if in_time else 0))
        dead = {id_ for id_, lease in model.leases.items() if lease.worker not in model.alive}
        late = {id_ for id_ in model.orphans if not model.in_time[id_]}
        assert Counter(lease.work for lease in handed) == Counter(dead | late)
        for lease in sorted(handed, key=lambda lease: lease.token):
            assert lease.token > model.last_token
            model.last_token = lease.token
            if lease.work in dead:
                model.void[lease.work] = lease.token
                del model.leases[lease.work]
            model.orphans[lease.work] = lease
            model.in_time[lease.work] = in_time

    @precondition(lambda self: self.model.orphans)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(list(self.model.orphans.values())))
        self.run(self.ledger.settle(lease))
        del self.model.orphans[lease.work]

    @rule(back=st.permutations(sorted(OFFERS)), first=st.lists(works, max_size=2))
    def lose_redis(self, back: list[str], first: list[Work]) -> None:
        """The workers come back one after the other; the first may start something before."""
        self.run(self.redis.flushdb())
        self.model.lose_everything()
        for number, name in enumerate(back):
            self.beat(name)
            if number == 0:
                self.fill(first, name)

    @invariant()
    def the_ledger_is_the_model(self) -> None:
        model = self.model
        leases, usages = self.run(self._seen())
        assert {lease.work: lease.token for lease in leases} == {
            id_: lease.token for id_, lease in model.leases.items()
        }
        for name, usage in usages.items():
            offer = OFFERS[name]
            mine = [lease for lease in leases if lease.worker == name]
            assert usage.by_tier == Counter(lease.tier for lease in leases)
            assert usage.slots == sum(OFFERS[each].slots for each in model.alive)
            assert usage.accounts == ({"all": model.charged} if model.charged else {})
            if name in model.alive:
                cpu = offer.offered.cpu - sum(lease.needs.cpu for lease in mine)
                assert usage.free.cpu == pytest.approx(cpu)
                assert usage.free_slots == max(0, offer.slots - len(mine))

    async def _seen(self) -> tuple[tuple[Lease, ...], dict[str, Usage]]:
        usages = {name: await self.ledger.usage(name) for name in OFFERS}
        return await self.ledger.leases(), usages


def test_no_order_of_events_exceeds_a_limit_or_loses_or_doubles_a_lease(redis_url: str) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(redis_url)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=35,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
