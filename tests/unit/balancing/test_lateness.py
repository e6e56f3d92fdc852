"""Calls in a row that are late tell that an endpoint is slow; when a call looks for another."""

import math

from neurocortex.balancing.hedging import Hedging
from neurocortex.balancing.lateness import Lateness


def test_three_late_calls_in_a_row_are_a_sign_and_one_in_time_ends_the_row() -> None:
    lateness = Lateness(3)
    for _ in range(2):
        lateness.late("a")
    assert not lateness.is_slow("a")
    lateness.late("a")
    assert lateness.is_slow("a")
    lateness.in_time("a")
    assert not lateness.is_slow("a")


def test_where_others_are_late_too_no_endpoint_is_slow() -> None:
    lateness = Lateness(1)
    lateness.late("a")
    lateness.late("b")
    assert not lateness.is_slow("a")
    assert not lateness.is_slow("b")


def test_calls_that_wait_for_a_slow_one_are_woken_while_they_wait() -> None:
    lateness, woken = Lateness(3), list[str]()
    with (
        lateness.waiting("a", lambda: woken.append("a")),
        lateness.waiting("b", lambda: woken.append("b")),
    ):
        lateness.wake("a")
    lateness.wake("a")
    assert woken == ["a"]


def test_a_call_looks_for_a_second_endpoint_when_it_is_late_itself() -> None:
    hedging = Hedging(slow_s=1.0, began=10.0)
    hedging.started(10.8, is_slow=False)
    assert hedging.look_at == 11.0, "the first attempt took 0.8 s of it"
    hedging.started(10.8, is_slow=True)
    assert hedging.look_at == 10.8


def test_it_looks_again_while_there_is_none_and_no_more_when_there_is() -> None:
    hedging = Hedging(slow_s=1.0, began=10.0)
    hedging.started(10.0, is_slow=False)
    hedging.looked(11.0)
    assert hedging.look_at == 11.125
    hedging.looked(13.0)
    assert hedging.look_at == 13.5
    hedging.found()
    assert hedging.look_at == math.inf
    hedging.hurry(14.0)
    assert hedging.look_at == 14.0


def test_where_hedges_are_not_wanted_it_never_looks() -> None:
    hedging = Hedging(slow_s=None, began=10.0)
    hedging.started(10.0, is_slow=True)
    hedging.hurry(11.0)
    assert hedging.look_at == math.inf
    assert hedging.late_s() == math.inf
