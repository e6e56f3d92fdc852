"""Read times in buckets, and what they say."""

import pytest

from neurocortex.cache.durations import BOUNDS_S, Durations, quantile


def test_a_duration_is_counted_up_to_its_bound() -> None:
    durations = Durations()
    for seconds in (BOUNDS_S[0], BOUNDS_S[0] * 1.01, BOUNDS_S[-1], BOUNDS_S[-1] * 2):
        durations.add(seconds)
    assert durations.counts[:2] == [1, 1]
    assert durations.counts[-2:] == [1, 1]
    assert durations.sum_s == pytest.approx(3.00002, abs=0.0001)


def test_a_quantile_is_the_bound_that_so_many_kept() -> None:
    durations = Durations()
    for _ in range(99):
        durations.add(0.0009)
    durations.add(0.2)
    assert quantile(durations.counts, 0.5) == 0.001
    assert quantile(durations.counts, 0.99) == 0.001
    assert quantile(durations.counts, 1.0) == 0.25


def test_without_reads_or_beyond_the_last_bound_there_is_none() -> None:
    durations = Durations()
    assert quantile(durations.counts, 0.5) is None
    durations.add(60.0)
    assert quantile(durations.counts, 0.5) is None
