"""When wrong credentials end in a lock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.security.lockout_policy import (
    FRESH,
    GOOD_FOR_S,
    LockoutPolicy,
    Record,
    after_failure,
    after_success,
    locked_for,
    network_of,
)

POLICY = LockoutPolicy(pair_failures=3, network_failures=30, lock_s=900, longest_lock_s=86_400)


def fail(record: Record, times: int, now: float) -> Record:
    for _ in range(times):
        record = after_failure(record, POLICY.pair_failures, now, POLICY)
    return record


def test_two_failures_are_let_by_and_the_third_locks() -> None:
    assert locked_for(fail(FRESH, 2, 1000), FRESH, 1000) == 0
    assert locked_for(fail(FRESH, 3, 1000), FRESH, 1000) == 900


def test_each_lock_lasts_twice_as_long_up_to_a_day() -> None:
    record, now, lasted = FRESH, 1000.0, []
    for _ in range(9):
        record = fail(record, 3, now)
        lasted.append(locked_for(record, FRESH, now))
        now = record.until
    assert lasted == [900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400, 86_400]


def test_a_failure_long_ago_does_not_count() -> None:
    record = fail(FRESH, 2, 1000)
    assert locked_for(fail(record, 1, 1000 + 901), FRESH, 1000 + 901) == 0


def test_after_a_quiet_time_locks_are_short_again() -> None:
    record = fail(fail(FRESH, 3, 1000), 3, 2000)
    later = 2000 + POLICY.kept_s + 1
    assert locked_for(fail(record, 3, later), FRESH, later) == 900


def test_a_right_credential_ends_the_count() -> None:
    record = after_success(fail(FRESH, 2, 1000), 1000)
    assert locked_for(fail(record, 2, 1001), FRESH, 1001) == 0


def test_a_locked_network_holds_up_strangers_and_not_who_was_right_lately() -> None:
    locked = Record(until=2000)
    assert locked_for(FRESH, locked, 1000) == 1000
    owner = after_success(FRESH, 900)
    assert locked_for(owner, locked, 1000) == 0
    assert locked_for(owner, Record(until=9e9), 900 + GOOD_FOR_S + 1) > 0


@given(st.lists(st.floats(0, 2000), max_size=200))
def test_four_tries_take_longer_than_a_lock_whatever_their_rhythm(waits: list[float]) -> None:
    record, now, tries = FRESH, 10_000.0, list[float]()
    for wait in waits:
        now += wait
        if locked_for(record, FRESH, now) == 0:
            record = fail(record, 1, now)
            tries.append(now)
    assert all(
        fourth - first >= POLICY.lock_s for first, fourth in zip(tries, tries[3:], strict=False)
    )


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("unix socket", "unix socket"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
