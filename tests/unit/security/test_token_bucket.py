"""The generic cell rate algorithm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.security.gcra import Bucket, Rate, narrowest

rates = st.builds(Rate, per_s=st.floats(0.1, 10_000), burst=st.integers(1, 1000))


@given(rate=rates, waits=st.lists(st.floats(0, 2), max_size=300), asked=st.integers(1, 50))
def test_it_never_gives_more_than_rate_and_burst(
    rate: Rate, waits: list[float], asked: int
) -> None:
    bucket, now, given_ = Bucket(rate), 1000.0, 0
    for wait in waits:
        now += wait
        tokens = min(bucket.free(now), asked)
        bucket = bucket.less(tokens, now)
        given_ += tokens
        assert given_ <= rate.per_s * (now - 1000) + rate.burst + 1e-6 * len(waits)


def test_a_full_bucket_gives_its_burst_and_then_one_by_one() -> None:
    bucket = Bucket(Rate(per_s=10, burst=5))
    assert bucket.free(0) == 5
    bucket = bucket.less(5, 0)
    assert bucket.free(0) == 0
    assert bucket.wait_s(0) == pytest.approx(0.1)
    assert bucket.free(0.1) == 1
    assert bucket.free(100) == 5


@given(rate=rates, taken=st.integers(1, 2000))
def test_after_the_wait_there_is_a_token(rate: Rate, taken: int) -> None:
    bucket = Bucket(rate).less(taken, 1000)
    wait = bucket.wait_s(1000)
    assert bucket.free(1000 + wait + 1e-6 * taken / rate.per_s + 1e-6) >= 1
    if wait > 1e-3:
        assert bucket.free(1000 + wait * 0.99) == 0


def test_shares_add_up_to_the_whole_and_none_is_empty() -> None:
    assert Rate(1000, 100).share(4) == Rate(250, 25)
    assert Rate(1, 2).share(10) == Rate(0.1, 1)


def test_the_narrowest_bucket_is_the_one_waited_for_longest() -> None:
    wide, narrow = Bucket(Rate(100, 1)).less(1, 0), Bucket(Rate(1, 1)).less(1, 0)
    assert narrowest([wide, narrow], 0) == 1
    assert narrowest([narrow, wide], 0) == 0
