"""The schedule of a flapping endpoint, and what it leaves to who knows it."""

import pytest

from benchmarks._failover_flaps import Flaps


def test_times_out_and_up_follow_each_other_and_are_the_same_in_each_run() -> None:
    flaps = Flaps(0.5)
    first, second, third = flaps.changes[1:4]
    assert 0.25 <= first <= 0.75
    assert flaps.back_s(0.0) == first
    assert flaps.back_s(first) == 0.0
    assert flaps.back_s((first + second) / 2) == 0.0
    assert flaps.back_s(second) == pytest.approx(third - second)
    assert Flaps(0.5).changes == flaps.changes


def test_it_is_out_half_of_the_time() -> None:
    flaps = Flaps(0.5)
    moments = [number / 50 for number in range(20_000)]
    share = sum(flaps.back_s(at_s) > 0 for at_s in moments) / len(moments)
    assert share == pytest.approx(0.5, abs=0.03)


def test_the_least_is_the_sooner_of_the_slow_one_and_the_one_that_comes_back() -> None:
    flaps = Flaps(20.0)
    least = flaps.least_s(normal_s=1.0, slow_s=10.0, seconds=40.0, per_s=10.0)
    assert len(least) == 400
    assert least[0] == 10.0, "it is out for longer"
    assert least[int(10 * flaps.changes[1]) - 20] == pytest.approx(3.0, abs=0.2)
    assert least[int(10 * flaps.changes[1]) + 10] == 1.0
