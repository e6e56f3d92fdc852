"""Intervals and e-values are looked at after every value: they may be wrong no more often."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.experiments.sequences import Sequence, log_excess

ALPHA = 0.1
RUNS = 200
LENGTH = 300


@pytest.mark.parametrize("mean", [0.02, 0.5, 0.9])
def test_an_interval_holds_the_mean_after_every_value(mean: float) -> None:
    rng = Random(f"coverage {mean}")
    missed = 0
    for _ in range(RUNS):
        seen = Sequence(ALPHA)
        for _ in range(LENGTH):
            seen = seen.plus(float(rng.random() < mean))
        missed += not seen.low <= mean <= seen.high  # the narrowest of all so far
    assert missed <= RUNS * ALPHA


def test_an_interval_narrows_with_the_variance() -> None:
    steady, shaky = Sequence(ALPHA), Sequence(ALPHA)
    for number in range(500):
        steady = steady.plus(0.5 + 0.01 * (-1) ** number)
        shaky = shaky.plus(float(number % 2))
    assert steady.high - steady.low < 0.1 < shaky.high - shaky.low < 0.35
    assert steady.mean == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0.001, 0.5))
@settings(max_examples=60, deadline=None)
def test_an_interval_only_narrows_and_stays_in_its_range(values: list[float], alpha: float) -> None:
    seen = Sequence(alpha)
    for value in values:
        after = seen.plus(value)
        assert 0 <= seen.low <= after.low
        assert after.high <= seen.high <= 1
        seen = after
    assert seen.count == len(values)


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.3])
def test_a_limit_that_is_kept_is_seldom_said_to_be_broken(limit: float) -> None:
    rng = Random(f"excess {limit}")
    needed = math.log(1 / ALPHA)
    wrong = 0
    for _ in range(RUNS):
        bad, is_wrong = 0, False
        for total in range(1, LENGTH + 1):
            bad += rng.random() < limit
            is_wrong = is_wrong or log_excess(bad, total, limit) >= needed
        wrong += is_wrong
    assert wrong <= RUNS * ALPHA


def test_what_always_fails_is_told_after_a_few() -> None:
    needed = math.log(40)
    assert log_excess(0, 0, 0.05) == pytest.approx(0)
    assert log_excess(1, 1, 0.05) < needed
    assert log_excess(4, 4, 0.05) >= needed
