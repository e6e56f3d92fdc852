"""Where few endpoints are in: who is probed before its time, and who is waited for."""

import pytest

from neurocortex.balancing.health import Health, Standing
from neurocortex.balancing.shortage import (
    is_brief,
    is_due_early,
    is_fast,
    is_short,
    pause_s,
    settle_s,
)

IN, OUT, SLOW = Standing.IN, Standing.OUT, Standing.SLOW

SLOW_S = 1.0


def refusing(*, since: float = 100.0, at: float = 100.0, **fields: float | None) -> Health:
    known = Health(ejected_at=at, ejected_until=at + 5, failing_since=since, refused_after_s=0.01)
    return known.model_copy(update=fields)


def test_fewer_than_half_are_few() -> None:
    assert is_short([IN, OUT, SLOW])
    assert not is_short([IN, OUT])
    assert not is_short([IN, IN, OUT])
    assert is_short([OUT])


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0.0, 0.125), (0.4, 0.125), (2.0, 0.5), (60.0, 1.0)],
    ids=["at-once", "soon", "later", "long"],
)
def test_pauses_grow_with_what_has_lasted(age_s: float, expected: float) -> None:
    assert pause_s(age_s) == expected


def test_a_failure_is_a_refusal_if_it_came_far_sooner_than_an_answer_would() -> None:
    assert is_fast(0.01, SLOW_S)
    assert not is_fast(0.6, SLOW_S)
    assert not is_fast(0.01, None), "nobody knows what an answer takes"


def test_others_follow_a_probe_that_has_outlived_the_last_refusals() -> None:
    assert settle_s(refusing()) == 0.05
    assert settle_s(refusing(refused_after_s=0.1)) == pytest.approx(0.3)


def test_only_an_answer_tells_of_one_that_fails_late() -> None:
    assert settle_s(refusing(refused_after_s=None)) is None
    assert not is_due_early(refusing(refused_after_s=None), 104)
    assert not is_brief(refusing(refused_after_s=None), 100.5, SLOW_S)


def test_one_that_refuses_is_probed_soon_and_then_less_often() -> None:
    assert not is_due_early(refusing(), 100.1)
    assert is_due_early(refusing(), 100.13)
    lasting = refusing(since=98.0)
    assert not is_due_early(lasting, 100.4)
    assert is_due_early(lasting, 100.5)
    assert not is_due_early(refusing(probed_until=110.0), 101), "somebody does"


def test_it_is_waited_for_as_long_as_an_answer_takes() -> None:
    assert is_brief(refusing(), 100.9, SLOW_S)
    assert not is_brief(refusing(), 101.1, SLOW_S)
    assert not is_brief(refusing(since=99.0), 100.2, SLOW_S), "it has lasted longer already"
    assert not is_brief(refusing(), 100.0, 0.0), "nobody waits"
