"""Where requests are served, and that each decision can be read back."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.errors import ForbiddenError
from neurocortex.requests.pipeline import Estimate, Pipeline, Standard
from neurocortex.requests.request import Budget, Request
from neurocortex.requests.steps import Steps
from neurocortex.routing.route import Caller, Expectation, Lane, Length, Load, Route
from neurocortex.routing.router import route

NOW = 1_000_000.0
ADMIN = Caller("acme", "admin", Tier.CRITICAL)
READER = Caller("acme", "reader", Tier.MEDIUM)


class Count(Request):
    operation: Literal["count"] = "count"


class Counted(BaseModel):
    words: int


async def count(request: Count, steps: Steps) -> Counted:
    return Counted(words=0)


def pipeline(
    seconds: float = 1.0,
    *,
    realtime: bool = True,
    deployed: tuple[Tier, ...] = tuple(Tier),
    tier: Tier = Tier.HIGH,
) -> Pipeline[Count, Counted]:
    return Pipeline(
        operation="count",
        family="nlp",
        summary="Counts words.",
        request=Count,
        result=Counted,
        tier=tier,
        estimate=lambda _: Estimate(seconds),
        realtime=count if realtime else None,
        standard=Standard({each: f"count/{each}" for each in deployed}, lambda _: {})
        if deployed
        else None,
    )


def routed(
    request: Count, serving: Pipeline[Count, Counted], caller: Caller = ADMIN, *starts: float
) -> Route:
    load = Load(dict(zip(Tier, starts, strict=True))) if starts else None
    return route(request, serving, caller, NOW, load)


def rules_of(found: Route) -> list[str]:
    return [reason.rule for reason in found.reasons]


def test_a_short_request_goes_to_the_real_time_lane_on_its_own_tier() -> None:
    found = routed(Count(), pipeline())
    assert (found.lane, found.tier, found.deadline) == (Lane.REALTIME, Tier.HIGH, None)
    assert [f"{reason.rule}: {reason.text}" for reason in found.reasons] == [
        "operation: count is of type nlp; its own tier is high",
        "short: about 1 s of work; up to 10 s are real-time",
    ]


def test_a_long_one_has_a_flow_run_of_its_own() -> None:
    found = routed(Count(), pipeline(60))
    assert found.lane is Lane.STANDARD
    assert rules_of(found)[-1] == "long"


def expecting(found: Expectation, request: Count, seconds: float = 1.0) -> Route:
    return route(request, pipeline(seconds), ADMIN, NOW, None, found)


def test_finished_runs_count_more_than_the_operations_own_estimate() -> None:
    known = Expectation(400, seconds=20.0, late_s=31.0, tokens=900, length=Length.MIDDLE)
    found = expecting(known, Count())
    assert (found.lane, found.estimate.seconds, found.estimate.tokens) == (Lane.STANDARD, 20.0, 900)
    assert [reason.text for reason in found.reasons if reason.rule == "expected"] == [
        "estimated from 400 runs: p50 20 s, p90 31 s, 900 tokens, it is middle"
    ]


def test_the_lane_is_changed_only_by_what_is_better_at_choosing_it() -> None:
    found = expecting(Expectation(400, seconds=20.0, late_s=31.0), Count())
    assert (found.lane, found.estimate.seconds) == (Lane.REALTIME, 20.0)


def test_a_deadline_is_held_to_what_nine_in_ten_runs_keep_to() -> None:
    middle = Expectation(400, seconds=12.0, late_s=25.0, length=Length.MIDDLE)
    assert expecting(middle, Count(deadline_s=20)).lane is Lane.REALTIME
    assert expecting(middle, Count(deadline_s=28)).lane is Lane.STANDARD


def test_what_the_real_time_lane_would_end_never_goes_there_by_its_deadline() -> None:
    long = Expectation(400, seconds=40.0, late_s=60.0, length=Length.LONG)
    assert expecting(long, Count(deadline_s=20)).lane is Lane.STANDARD


def test_parts_are_sent_by_the_real_time_lane_however_long_it_takes() -> None:
    found = routed(Count(stream=True), pipeline(60))
    assert (found.lane, rules_of(found)[-1]) == (Lane.REALTIME, "stream")


def test_a_budget_of_tokens_is_kept_by_the_real_time_lane() -> None:
    found = routed(Count(budget=Budget(tokens=100)), pipeline(60))
    assert (found.lane, rules_of(found)[-1]) == (Lane.REALTIME, "metered")


def test_what_has_one_lane_goes_there() -> None:
    assert routed(Count(stream=True), pipeline(realtime=False)).lane is Lane.STANDARD
    assert routed(Count(), pipeline(600, deployed=())).lane is Lane.REALTIME


def test_a_tier_above_the_ceiling_is_lowered_and_said_to_be() -> None:
    found = routed(Count(tier=Tier.CRITICAL), pipeline(), READER)
    assert found.tier is Tier.MEDIUM
    assert rules_of(found) == ["operation", "asked", "ceiling", "short"]
    assert "lowered" in found.reasons[2].text


def test_a_deadline_counts_from_arrival() -> None:
    found = routed(Count(deadline_s=5), pipeline())
    assert found.deadline == NOW + 5


def test_a_deadline_that_a_flow_run_would_miss_is_met_by_the_real_time_lane() -> None:
    found = routed(Count(deadline_s=25), pipeline(20), ADMIN, 10, 10, 10, 10)
    assert (found.lane, rules_of(found)[-1]) == (Lane.REALTIME, "near_deadline")
    assert routed(Count(deadline_s=25), pipeline(20), ADMIN, 1, 1, 1, 1).lane is Lane.STANDARD


def test_a_flow_run_that_would_be_late_goes_to_a_tier_that_is_not_busy() -> None:
    serving = pipeline(60, tier=Tier.LOW)
    found = routed(Count(deadline_s=90), serving, READER, 0, 0, 10, 500)
    assert (found.tier, rules_of(found)[-1]) == (Tier.MEDIUM, "in_time")
    named = routed(Count(deadline_s=90, tier=Tier.LOW), serving, READER, 0, 0, 10, 500)
    assert named.tier is Tier.LOW


def test_a_flow_that_is_not_deployed_on_a_tier_runs_on_the_next() -> None:
    serving = pipeline(60, realtime=False, deployed=(Tier.CRITICAL, Tier.LOW))
    assert routed(Count(), serving).tier is Tier.LOW
    only_critical = pipeline(60, realtime=False, deployed=(Tier.CRITICAL,))
    assert routed(Count(), only_critical).tier is Tier.CRITICAL


def test_who_may_use_none_of_its_tiers_is_refused_or_served_in_real_time() -> None:
    with pytest.raises(ForbiddenError, match="runs on the tiers critical, high, above medium"):
        routed(Count(), pipeline(realtime=False, deployed=(Tier.CRITICAL, Tier.HIGH)), READER)
    found = routed(Count(), pipeline(60, deployed=(Tier.CRITICAL,)), READER)
    assert (found.lane, rules_of(found)[-1]) == (Lane.REALTIME, "permitted")


@given(
    asked=st.none() | st.sampled_from(Tier),
    ceiling=st.sampled_from(Tier),
    seconds=st.floats(0.001, 1000),
    deadline_s=st.none() | st.floats(0.01, 1000),
    stream=st.booleans(),
    realtime=st.booleans(),
    deployed=st.sets(st.sampled_from(Tier), min_size=1),
    starts=st.lists(st.floats(0, 1000), min_size=4, max_size=4),
)
def test_nobody_ever_gets_above_their_ceiling_and_every_flow_run_has_a_deployment(
    asked: Tier | None,
    ceiling: Tier,
    seconds: float,
    deadline_s: float | None,
    stream: bool,
    realtime: bool,
    deployed: set[Tier],
    starts: list[float],
) -> None:
    serving = pipeline(seconds, realtime=realtime, deployed=tuple(deployed))
    request = Count(tier=asked, deadline_s=deadline_s, stream=stream)
    order = list(Tier)
    try:
        found = routed(request, serving, Caller("acme", "role", ceiling), *starts)
    except ForbiddenError:
        assert not realtime
        assert all(order.index(tier) < order.index(ceiling) for tier in deployed)
        return
    assert order.index(found.tier) >= order.index(ceiling)
    assert found.lane is Lane.REALTIME or found.tier in deployed
    assert found.lane is Lane.STANDARD or realtime
    assert found.reasons
