"""Retries and hedges are a share of all calls, and latencies tell when one is worth it."""

import pytest

from neurocortex.balancing.latencies import ENOUGH, Latencies
from neurocortex.balancing.retry_budget import RESERVE, RetryBudget


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
