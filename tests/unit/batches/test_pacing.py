"""How many items of a batch are worked on at once: the rules, and what they lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.batches.pacing import FIRST, LOW_MB, STEP, Pace, Round

PLENTY_MB = 4096.0


def seen(
    each_s: float = 0.01,
    latency_s: float = 0.1,
    unanswered: int = 0,
    free_mb: float = PLENTY_MB,
    items: int = 100,
) -> Round:
    return Round(items, each_s * items, latency_s, unanswered, free_mb)


@pytest.fixture
def pace() -> Pace:
    return Pace(at_once=FIRST, most=256, slowest_s=15)


def test_it_doubles_until_the_first_sign_of_too_many_and_then_adds_a_few(pace: Pace) -> None:
    doubled = pace.after(seen(0.02)).after(seen(0.01))
    assert doubled.at_once == 4 * FIRST
    fewer = doubled.after(seen(0.02))
    assert fewer.at_once == int(4 * FIRST * 0.7)
    assert fewer.after(seen(0.02)).at_once == fewer.at_once + STEP


def test_it_is_never_more_than_allowed(pace: Pace) -> None:
    for _ in range(20):
        pace = pace.after(seen())
    assert pace.at_once == 256


def test_noise_is_no_sign(pace: Pace) -> None:
    assert pace.after(seen(0.010)).after(seen(0.012)).at_once == 4 * FIRST


def test_items_near_their_timeout_make_it_fewer(pace: Pace) -> None:
    assert pace.after(seen(latency_s=16)).at_once < FIRST


def test_neighbours_that_do_not_answer_halve_it(pace: Pace) -> None:
    assert pace.after(seen(unanswered=5)).at_once == 2 * FIRST, "a few always may"
    assert pace.after(seen(unanswered=20)).at_once == FIRST // 2


def test_little_memory_halves_it_and_not_much_memory_keeps_it(pace: Pace) -> None:
    assert pace.after(seen(free_mb=LOW_MB - 1)).at_once == FIRST // 2
    assert pace.after(seen(free_mb=1.5 * LOW_MB)).at_once == FIRST


def test_other_items_that_take_longer_cost_one_step_only(pace: Pace) -> None:
    for _ in range(4):
        pace = pace.after(seen(0.001))
    slower = pace.after(seen(1.0, latency_s=5))
    assert slower.at_once < pace.at_once
    assert slower.after(seen(1.0, latency_s=5)).at_once > slower.at_once


def test_it_finds_what_a_machine_can_do(pace: Pace) -> None:
    """Of a made-up one that does 40 at once, and loses by switching between more."""
    found = []
    for _ in range(60):
        at_once = pace.at_once
        each_s = 0.4 / min(at_once, 40) * max(1.0, at_once / 80)
        found.append(at_once)
        pace = pace.after(seen(each_s, latency_s=each_s * at_once))
    assert all(20 <= at_once <= 128 for at_once in found[10:])


@given(
    st.lists(
        st.builds(
            Round,
            items=st.integers(1, 1000),
            seconds=st.floats(0, 100),
            latency_s=st.floats(0, 100),
            unanswered=st.integers(0, 1000),
            free_mb=st.floats(-1000, 10_000),
        )
    ),
    st.integers(1, 300),
)
def test_there_is_always_one_at_work_and_never_too_many(rounds: list[Round], most: int) -> None:
    pace = Pace(at_once=1, most=most, slowest_s=15)
    for each in rounds:
        pace = pace.after(each)
        assert 1 <= pace.at_once <= most
