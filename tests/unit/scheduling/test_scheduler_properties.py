"""What holds of the scheduler whatever waits: checked on a small platform with its own ledger."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import RESOURCES, Resources, Usage, Work
from neurocortex.scheduling.backlog import Backlog
from neurocortex.scheduling.choose import Choice, choose
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, TierSettings

OFFERED = Resources(cpu=8)
deployments = st.one_of(st.none(), st.integers(0, 2).map(lambda number: UUID(int=number)))
weights = st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0])
policies = st.builds(
    lambda reserve, critical, high, medium, low: Policy.of(
        TierSettings(),
        SchedulingSettings(
            critical_reserve=reserve,
            critical_weight=critical,
            high_weight=high,
            medium_weight=medium,
            low_weight=low,
        ),
    ),
    st.sampled_from([0, 0.1, 0.25, 0.5]),
    weights,
    weights,
    weights,
    weights,
)


@st.composite
def backlogs(draw: st.DrawFn) -> list[Work]:
    return [
        Work(
            id=UUID(int=number),
            tier=draw(st.sampled_from(Tier)),
            tenant=draw(st.sampled_from("ab")),
            needs=Resources(cpu=draw(st.sampled_from([0, 1, 3, 9]))),
            cost=draw(st.sampled_from([1.0, 5.0])),
            since=draw(st.sampled_from([0.0, 9_000.0, 9_990.0])),
            deployment=draw(deployments),
            deployment_limit=2,
        )
        for number in range(draw(st.integers(0, 25)))
    ]


@dataclass
class Platform:
    """One worker and its ledger; its runs take as many seconds as they cost."""

    policy: Policy
    slots: int
    backlog: Backlog = field(default_factory=Backlog)
    running: list[tuple[float, Work]] = field(default_factory=list)
    accounts: dict[str, float] = field(default_factory=dict)
    served: Counter[str] = field(default_factory=Counter)

    def usage(self) -> Usage:
        works = [work for _, work in self.running]
        free = OFFERED
        for work in works:
            free -= work.needs
        by_deployment = Counter(work.deployment for work in works if work.deployment is not None)
        by_tier = Counter(work.tier for work in works)
        room = self.slots - len(works)
        return Usage(self.slots, by_tier, by_deployment, OFFERED, free, room, self.accounts)

    def step(self, now: float) -> Choice:
        """Let a second pass."""
        self.running = [(end, work) for end, work in self.running if end > now]
        choice = choose(self.backlog, self.usage(), {}, self.policy, now)
        for start in choice.starts:
            for charge in start.charges:
                account = max(self.accounts.get(charge.account, 0.0), charge.floor)
                self.accounts[charge.account] = account + charge.amount
            self.backlog.discard(start.work.id)
            self.running.append((now + start.work.cost, start.work))
            self.served[start.work.tier.value] += int(start.work.cost)
            self.served[f"{start.work.tier.value}/{start.work.tenant}"] += int(start.work.cost)
        return choice


@settings(deadline=None, max_examples=60)
@given(backlogs(), policies, st.integers(1, 12), st.data())
def test_no_limit_is_ever_exceeded(
    works: list[Work], policy: Policy, slots: int, data: st.DataObject
) -> None:
    backlog = Backlog()
    for work in works:
        backlog.add(work)
    limits = data.draw(st.dictionaries(st.sampled_from(Tier), st.integers(0, 5)))
    room = data.draw(st.integers(0, slots))
    usage = Usage(slots, {}, {}, OFFERED, Resources(cpu=5), room, {})
    started = [start.work for start in choose(backlog, usage, limits, policy, 10_000).starts]
    assert len({work.id for work in started}) == len(started) <= room
    by_tier = Counter(work.tier for work in started)
    assert all(by_tier[tier] <= limit for tier, limit in limits.items())
    assert len(started) - by_tier[Tier.CRITICAL] <= slots - policy.reserve(slots)
    assert sum(work.needs.cpu for work in started) <= 5
    for count in Counter(work.deployment for work in started if work.deployment).values():
        assert count <= 2


@settings(deadline=None, max_examples=60)
@given(backlogs(), policies, st.integers(1, 12))
def test_no_slot_stays_idle_while_a_run_fits(works: list[Work], policy: Policy, slots: int) -> None:
    """Work conservation; only for an aged run that does not fit is room kept."""
    platform = Platform(policy, slots)
    for work in works:
        platform.backlog.add(work)
    platform.step(9_991)
    usage = platform.usage()
    aged = any(work.since + policy.max_waits[work.tier] < 9_991 for work in platform.backlog)
    for work in platform.backlog:
        others_full = (
            usage.used + max(0, policy.reserve(slots) - usage.by_tier[Tier.CRITICAL]) >= slots
        )
        full = usage.used >= slots or (work.tier is not Tier.CRITICAL and others_full)
        busy = work.deployment is not None and usage.by_deployment[work.deployment] >= 2
        assert aged or full or busy or work.needs.lacking_in(usage.free) in RESOURCES


@settings(max_examples=20, deadline=None)
@given(backlogs(), policies, st.integers(1, 6))
def test_everything_that_can_ever_fit_starts_some_day(
    works: list[Work], policy: Policy, slots: int
) -> None:
    """No starvation, also of big runs, while small ones keep coming faster than they can run.

    Aged runs take turns at the weight of the lightest tier, a fiftieth of the capacity at worst;
    so the at most 125 cpu-seconds that are old have begun within 6250 s.
    """
    platform = Platform(policy, slots)
    for work in works:
        platform.backlog.add(work)
    left = {work.id for work in works if work.needs.cpu <= 8}
    for second in range(7_000):
        now = 10_000.0 + second
        left -= {start.work.id for start in platform.step(now).starts}
        if not left:
            return
        for number in range(2):
            tier = list(Tier)[(second + number) % 4]
            run = UUID(int=1_000 + 2 * second + number)
            platform.backlog.add(Work(run, tier, "c", Resources(cpu=1), 4.0, now))
    raise AssertionError(f"{len(left)} of {len(works)} runs were never started")


@pytest.mark.parametrize("slots", [4, 16, 40])
def test_shares_hold_within_a_few_percent_in_the_long_run(slots: int) -> None:
    policy = Policy.of(TierSettings(), SchedulingSettings())
    platform = Platform(policy, slots)
    sizes = {"a": 3.0, "b": 7.0}
    number = 0
    for second in range(1_500):
        waiting = Counter((work.tier, work.tenant) for work in platform.backlog)
        for tier in Tier:
            for tenant, cost in sizes.items():
                for _ in range(slots - waiting[tier, tenant]):
                    number += 1
                    platform.backlog.add(
                        Work(UUID(int=number), tier, tenant, Resources(), cost, float(second))
                    )
        platform.step(float(second))
    total = sum(platform.served[tier.value] for tier in Tier)
    for tier in Tier:
        share = policy.weights[tier] / sum(policy.weights.values())
        assert platform.served[tier.value] / total == pytest.approx(share, rel=0.03)
        tenants = [platform.served[f"{tier.value}/{tenant}"] for tenant in sizes]
        assert tenants[0] == pytest.approx(tenants[1], rel=0.05)


def test_idleness_earns_nothing() -> None:
    policy = Policy.of(TierSettings(), SchedulingSettings())
    platform = Platform(policy, 8)
    for number in range(4_000):
        platform.backlog.add(
            Work(UUID(int=number), Tier.MEDIUM, "a", Resources(), 2.0, float(number))
        )
    for second in range(400):
        platform.step(float(second))
    for number in range(4_000, 8_000):
        platform.backlog.add(Work(UUID(int=number), Tier.LOW, "a", Resources(), 2.0, 400.0))
    platform.served.clear()
    for second in range(400, 500):
        platform.step(float(second))
    assert platform.served["medium"] / platform.served["low"] == pytest.approx(2, rel=0.05)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), policies)
def test_equal_runs_start_in_the_order_of_their_age(ages: list[float], policy: Policy) -> None:
    platform = Platform(policy, 1)
    expected = defaultdict(list)
    for number, since in enumerate(ages):
        platform.backlog.add(Work(UUID(int=number), Tier.HIGH, "a", Resources(), 1.0, since))
        expected[since].append(UUID(int=number))
    order: list[UUID] = []
    for second in range(100, 100 + len(ages)):
        order += [start.work.id for start in platform.step(float(second)).starts]
    assert order == [run for since in sorted(expected) for run in expected[since]]
