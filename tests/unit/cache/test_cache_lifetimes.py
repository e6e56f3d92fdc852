"""A result that was dear to compute is fresh for longer, within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.cache.lifetimes import TYPICAL_S, stretched_s
from neurocortex.cache.values import Policy

times = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("took_s", "expected_s"), [(0.001, 60), (TYPICAL_S, 60), (4, 120), (25, 300), (1e6, 600)]
)
def test_the_time_goes_with_the_root_of_what_it_took(took_s: float, expected_s: float) -> None:
    assert stretched_s(60, 600, took_s) == pytest.approx(expected_s)


@given(times, times, times, times)
def test_dearer_is_never_shorter_and_never_out_of_bounds(
    ttl_s: float, longest_s: float, one_s: float, other_s: float
) -> None:
    cheap_s = stretched_s(ttl_s, longest_s, min(one_s, other_s))
    dear_s = stretched_s(ttl_s, longest_s, max(one_s, other_s))
    assert ttl_s <= cheap_s <= dear_s <= max(ttl_s, longest_s)


def test_a_policy_without_a_longest_time_keeps_to_its_own() -> None:
    assert Policy(ttl_s=60, jitter=0).lifetime_s(took_s=100) == 60


def test_a_time_that_the_computation_decided_is_not_stretched() -> None:
    assert Policy(ttl_s=60, longest_ttl_s=600, jitter=0).lifetime_s(5, took_s=100) == 5
