"""Retries and hedges are a share of all calls, and latencies tell when one is worth it."""

import pytest

from neurocortex.balancing.latencies import ENOUGH, Latencies
from neurocortex.balancing.retry_budget import PROBE, RESERVE, RetryBudget, hedge


def taken(budget: RetryBudget, now: float) -> tuple[int, RetryBudget]:
    """Take all there is; return how many, and what is left."""
    count = 0
    while (left := budget.taken(now)) is not None:
        count, budget = count + 1, left
    return count, budget


def test_of_calls_at_once_a_quarter_may_be_tried_again_beside_the_reserve() -> None:
    count, budget = taken(RetryBudget(0.25, at=0), 0)
    assert count == RESERVE
    for _ in range(100):
        budget = budget.called(0)
    assert taken(budget, 0)[0] == 25


def test_the_reserve_fills_by_time_and_no_further() -> None:
    _, empty = taken(RetryBudget(0.2, at=0), 0)
    assert taken(empty, 3)[0] == 3
    assert taken(empty, 10_000)[0] == RESERVE


def test_calls_of_long_ago_do_not_add_up_to_a_storm() -> None:
    budget = RetryBudget(0.2, at=0)
    for _ in range(10_000):
        budget = budget.called(0)
    assert taken(budget, 0)[0] == 100


def test_a_share_of_nothing_allows_nothing() -> None:
    assert RetryBudget(0, at=0).taken(100) is None


def test_hedges_are_paid_by_calls_and_leave_the_reserve_to_retries() -> None:
    budget = RetryBudget(0.2, at=0)
    assert budget.taken(0, hedge(0)) is None
    after = budget.called(0, 5).taken(0, hedge(0))
    assert after is not None
    assert after.taken(0, hedge(0)) is None
    assert taken(after, 0)[0] == RESERVE


def test_hedges_leave_as_much_as_an_endpoint_that_dies_may_need() -> None:
    assert RetryBudget(0.2, at=0, tokens=20).taken(0, hedge(10)) is None
    assert RetryBudget(0.2, at=0, tokens=21).taken(0, hedge(10)) is not None
    assert RetryBudget(0.2, at=0, tokens=26).taken(0, hedge(900)) is not None, "not without end"


def test_a_probe_takes_nothing_and_needs_what_a_retry_after_it_may_take() -> None:
    budget = RetryBudget(0.2, at=0)
    assert budget.taken(0, PROBE) == budget
    assert RetryBudget(0.2, at=0, tokens=4).taken(0, PROBE) is None


def test_the_95th_percentile_is_known_after_enough_calls() -> None:
    latencies = Latencies()
    for number in range(ENOUGH - 1):
        latencies.add(float(number))
    assert latencies.slow_s() is None
    latencies.add(1000.0)
    assert latencies.slow_s() == pytest.approx(1000.0)
    for _ in range(400):
        latencies.add(1.0)
    assert latencies.slow_s() == pytest.approx(1.0), "what is old is forgotten"
