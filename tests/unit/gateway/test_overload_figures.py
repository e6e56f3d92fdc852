"""What `overload` and `streams` say of requests and events: refusals, losses, recovery."""

import json

import pytest

from benchmarks._open_load import Outcome
from benchmarks._overload_report import Times, accepted_ids, is_lost, is_typed, recovery_s
from benchmarks._stream_reader import missed

PROBLEM = "application/problem+json"


def outcome(
    status: int = 200, *, at: float = 0.0, ms: float = 100.0, body: object = "", retry: str = ""
) -> Outcome:
    kind = PROBLEM if status >= 400 else "application/json"
    return Outcome("low/one/waits", at, ms, status, kind, retry, json.dumps(body))


FULL = {"code": "queue_full", "detail": "The queue is full.", "limit": 1100}


def test_a_refusal_says_why_what_limit_and_when_to_come_back() -> None:
    assert is_typed(outcome(429, body=FULL, retry="2"))
    assert not is_typed(outcome(429, body=FULL))
    assert not is_typed(outcome(429, body={**FULL, "limit": None}, retry="2"))
    assert not is_typed(outcome(503, body={"detail": "busy"}, retry="2"))
    assert not is_typed(Outcome("low/one/waits", 0, 1, 503, "text/plain", "2", "busy"))


def test_no_answer_and_a_timeout_of_the_lane_are_losses_and_a_refusal_is_none() -> None:
    assert is_lost(outcome(0))
    assert is_lost(outcome(504, body={"code": "lane_timeout", "detail": "too long"}))
    assert not is_lost(outcome(429, body=FULL, retry="2"))
    assert not is_lost(outcome())


def test_who_was_accepted_is_known_by_id() -> None:
    assert accepted_ids([outcome(), outcome(202, body={"id": "7"})]) == ["7"]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (outcome(at=15.5), 0.0),
        (outcome(429, at=13.5, body=FULL, retry="1"), 4.0),
        (outcome(at=16.5, ms=900.0), 7.0),
    ],
    ids=["at once", "refused for a while", "slow for a while"],
)
def test_it_has_recovered_when_nothing_is_refused_or_slow_any_more(
    last: Outcome, expected: float
) -> None:
    usual = [outcome(at=0.1 * number) for number in range(50)]
    assert recovery_s([*usual, last], Times(began=5, ended=10, last=20)) == expected


@pytest.mark.parametrize(
    ("numbers", "count"),
    [([1, 2, 3], 0), ([1, 3], 1), ([1, 3, 2], 1), ([1, 2, 2, 3], 1), ([], 3)],
    ids=["whole", "one lacks", "out of order", "twice", "nothing"],
)
def test_events_that_lack_or_come_wrong_are_counted(numbers: list[int], count: int) -> None:
    assert missed(numbers, 3) == count
