"""The rules of admission: verdicts, how a drain is measured, who is shed first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.admission.limits import Limits
from neurocortex.admission.rules import (
    LATEST_S,
    SOONEST_S,
    Drain,
    Queue,
    Terms,
    Verdict,
    judge,
    room_after_s,
    shed_tiers,
)
from neurocortex.domain.deployments import Tier
from neurocortex.routing.route import Lane

EMPTY = Queue(held=0, ahead=0, of_tenant=0, rate=2.0, shed=False)
TERMS = Terms(bound=10, tenant_bound=5, servers=0, estimate_s=1.0, left_s=None)


def test_an_empty_queue_lets_in_and_says_when_it_starts() -> None:
    assert judge(EMPTY, TERMS) is Verdict.ADMITTED
    assert EMPTY.position(servers=0) == 1
    assert EMPTY.wait_s(servers=0) == 0.5
    assert EMPTY.wait_s(servers=1) == 0


@pytest.mark.parametrize(
    ("queue", "left_s", "verdict"),
    [
        (Queue(10, 10, 5, 2.0, shed=True), None, Verdict.SHED),
        (Queue(1, 0, 0, 2.0, shed=True), None, Verdict.SHED),
        (Queue(0, 0, 0, 2.0, shed=True), None, Verdict.ADMITTED),
        (Queue(10, 10, 5, 2.0, shed=False), None, Verdict.QUEUE_FULL),
        (Queue(9, 9, 5, 2.0, shed=False), 0.1, Verdict.TENANT_FULL),
        (Queue(3, 3, 0, 2.0, shed=False), 2.9, Verdict.DEADLINE),
        (Queue(3, 3, 0, 2.0, shed=False), 3.0, Verdict.ADMITTED),
    ],
)
def test_the_first_rule_that_refuses_is_the_answer(
    queue: Queue, left_s: float | None, verdict: Verdict
) -> None:
    assert judge(queue, Terms(10, 5, 0, 1.0, left_s)) is verdict


def test_more_urgent_requests_do_not_wait_for_others() -> None:
    full_of_low = Queue(held=900, ahead=0, of_tenant=0, rate=100.0, shed=False)
    assert judge(full_of_low, Terms(1100, 550, 100, 0.01, left_s=0.02)) is Verdict.ADMITTED


def test_low_gives_way_first_then_medium_and_the_others_never() -> None:
    assert shed_tiers(0.84, 0.85) == []
    assert shed_tiers(0.85, 0.85) == [Tier.LOW]
    assert shed_tiers(1.0, 0.85) == [Tier.MEDIUM, Tier.LOW]
    assert shed_tiers(1.0, 1.0) == []


def test_a_full_queue_makes_only_those_below_it_give_way() -> None:
    assert shed_tiers(1.0, 0.85, Tier.LOW) == []
    assert shed_tiers(1.0, 0.85, Tier.MEDIUM) == [Tier.LOW]


def test_an_idle_queue_keeps_its_rate_and_a_stuck_one_loses_it() -> None:
    drain = Drain(rate=4.0, count=0, start=0.0)
    assert drain.now(1000.0, wait=False, first=2.0) == 4.0
    assert drain.now(1000.0, wait=True, first=2.0) == pytest.approx(0.001)


def test_the_first_window_replaces_the_guess() -> None:
    drain = Drain().backlogged(10.0)
    assert drain.now(10.5, wait=True, first=2.0) == 2.0
    for at in (10.2, 10.4, 11.0):
        drain = drain.released(at, waited=True, wait=True)
    assert drain == Drain(rate=3.0, count=0, start=11.0)


def test_releases_that_nobody_waited_for_say_nothing() -> None:
    drain = Drain(rate=4.0, count=2, start=0.0)
    assert drain.released(100.0, waited=False, wait=False) == drain


@given(st.floats(0.01, 1000), st.integers(60, 200))
def test_a_steady_drain_is_measured_as_it_is(per_s: float, releases: int) -> None:
    drain = Drain().backlogged(0.0)
    for number in range(1, releases):
        drain = drain.released(number / per_s, waited=True, wait=True)
    if drain.rate is not None:
        assert drain.rate == pytest.approx(per_s, rel=0.01)


@given(st.integers(1, 10_000), st.floats(0.001, 10_000))
def test_nobody_is_sent_away_for_no_time_or_for_ever(bound: int, rate: float) -> None:
    assert SOONEST_S <= room_after_s(bound, rate) <= LATEST_S


def test_the_real_time_lane_has_one_bound_for_all_tiers() -> None:
    limits = Limits()
    assert {limits.bound(Lane.REALTIME, tier) for tier in Tier} == {1100}
    assert [limits.bound(Lane.STANDARD, tier) for tier in Tier] == [1000, 1000, 5000, 10000]
    assert limits.tenant_bound(Lane.STANDARD, Tier.LOW) == 5000
