"""No call of an LLM begins for which a request's budget has no room."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.errors import CostBudgetSpentError, TokenBudgetSpentError
from neurocortex.spending.meter import Meter, current, metered


def used(prompt: int, answer: int) -> Usage:
    return Usage(calls=1, prompt_tokens=prompt, completion_tokens=answer, cost=0.5)


def test_what_calls_used_adds_up() -> None:
    meter = Meter(None)
    for _ in range(2):
        meter.reserve(10, 1000).settle(used(12, 30))
    assert meter.spent == Usage(calls=2, prompt_tokens=24, completion_tokens=60, cost=1.0)


def test_an_answer_ends_where_the_budget_does() -> None:
    meter = Meter(100)
    assert meter.reserve(30, 1000).answer == 70


def test_a_budget_that_is_spent_in_the_middle_says_what_was_spent() -> None:
    meter = Meter(100)
    meter.reserve(30, 50).settle(used(30, 50))
    with pytest.raises(TokenBudgetSpentError, match=r"80 were spent in 1 calls.* about 30") as told:
        meter.reserve(30, 50)
    assert (told.value.limit, told.value.spent.tokens) == (100, 80)
    assert meter.reserve(10, 50).answer == 10, "a shorter one has room still"


def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    meter = Meter(100)
    room = meter.reserve(30, 1000)
    with pytest.raises(TokenBudgetSpentError):
        meter.reserve(1, 1)
    room.settle(Usage())
    assert meter.reserve(30, 1000).answer == 70


def test_calls_at_the_same_time_do_not_overdraw_together() -> None:
    meter = Meter(1000)

    def call(_: int) -> int:
        try:
            room = meter.reserve(50, 50)
        except TokenBudgetSpentError:
            return 0
        room.settle(used(room.prompt, room.answer))
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(40))) == 10
    assert meter.spent.tokens == 1000


def test_calls_cost_no_more_than_is_left_also_at_the_same_time() -> None:
    meter = Meter(None)
    meter.reserve(10, 10, 5.0).settle(used(10, 10))
    meter.cap(1.0)
    room = meter.reserve(10, 10, 0.75)
    with pytest.raises(CostBudgetSpentError, match=r"0\.25 of `max_cost` is left"):
        meter.reserve(10, 10, 0.5)
    room.settle(used(10, 10))
    meter.reserve(10, 10, 0.5)


def test_a_meter_is_that_of_its_context() -> None:
    assert current() is None
    with metered(Meter(None)) as meter:
        assert current() is meter
    assert current() is None


def test_tokens_are_estimated_before_they_are_counted() -> None:
    assert estimated_tokens("", "") == 1
    assert estimated_tokens("a" * 400, "b" * 40) == 111
