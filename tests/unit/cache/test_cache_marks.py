"""An entry may be used until something that names it is invalidated after its birth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.cache.failures import Failures
from neurocortex.cache.keys import Key
from neurocortex.cache.marks import FEW, MARGIN_S, MICROSECONDS, Marks, target_of, text_of
from neurocortex.cache.values import Entry, Invalidation, Policy
from neurocortex.errors import UnkeyableValueError

KEY = Key("acme", "answers", "why")
DAY_S = 86400


def entry(born: int, *tags: str) -> Entry:
    return Entry(b"", 60.0, 0.0, born, 0, tags)


@pytest.mark.parametrize(
    ("mark", "ends"),
    [
        ("key:acme:answers:why", True),
        ("key:acme:answers:other", False),
        ("key:other:answers:why", False),
        ("tag:acme:paper: 7", True),
        ("tag:acme:paper", False),
        ("tag:other:paper: 7", False),
        ("tag::paper: 7", True),  # everyone's
        ("tag::paper", False),
        ("pattern:acme:*", True),
        ("pattern:acme:answers:*", True),
        ("pattern:acme:*:wh?", True),
        ("pattern:acme:answers", False),
        ("pattern:acme:.*", False),
        ("pattern:other:*", False),
    ],
)
def test_a_mark_ends_what_it_names_and_was_born_before_it(mark: str, ends: bool) -> None:
    marks = Marks(DAY_S)
    marks.learn([(mark, 10)], 1, 12)
    assert marks.allow(KEY, entry(9, "paper: 7")) is not ends
    assert marks.allow(KEY, entry(10, "paper: 7"))
    assert marks.allow(KEY, entry(12, "paper: 7"))


def test_what_was_born_before_redis_remembers_is_not_used() -> None:
    marks = Marks(DAY_S)
    marks.learn([], 1, 5)
    assert marks.allow(KEY, entry(3))
    marks.learn([], 8, 8)
    assert not marks.allow(KEY, entry(5))
    assert marks.allow(KEY, entry(8))


def test_marks_that_no_living_entry_can_be_older_than_are_forgotten() -> None:
    marks = Marks(DAY_S)
    marks.learn([("key:acme:answers:why", 10), ("pattern:acme:*", 10)], 1, 10)
    assert not marks.allow(KEY, entry(9))
    later = 11 + (DAY_S + MARGIN_S) * MICROSECONDS
    marks.learn([(f"key:acme:answers:{each}", later) for each in range(FEW)], 1, later)
    assert marks.allow(KEY, entry(9))
    assert not marks.allow(Key("acme", "answers", "1"), entry(9))


@given(st.sampled_from(["key", "tag", "pattern"]), st.text())
def test_a_mark_says_what_it_is_about(kind: str, name: str) -> None:
    target = Invalidation("acme", kind, name)
    assert target_of(text_of(target)) == target


def test_a_failure_is_forgotten_after_its_time_or_an_invalidation() -> None:
    now, marks = [0.0], Marks(DAY_S)
    failures = Failures(marks, lambda: now[0])
    failures.remember(KEY, ValueError("no"), entry(5), 10.0)
    known = failures.of(KEY)
    assert known is not None
    assert (known.reason, known.retry_after_s) == ("ValueError('no')", 10.0)
    now[0] = 10.0
    assert failures.of(KEY) is None
    failures.remember(KEY, ValueError("no"), entry(5), 10.0)
    marks.learn([("key:acme:answers:why", 6)], 1, 6)
    assert failures.of(KEY) is None


@given(st.floats(0, 1), st.floats(0, 1e9))
def test_the_jitter_only_shortens_a_life(jitter: float, ttl_s: float) -> None:
    life_s = Policy(ttl_s=ttl_s, jitter=jitter).lifetime_s()
    assert ttl_s * (1 - jitter) <= life_s <= ttl_s


@pytest.mark.parametrize(
    "wrong",
    [{"ttl_s": -1}, {"ttl_s": float("nan")}, {"stale_s": float("inf")}, {"jitter": 1.5}],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"finite|shares"):
        Policy(**wrong)


def test_a_tenant_whose_name_reaches_into_anothers_marks_is_refused() -> None:
    with pytest.raises(UnkeyableValueError, match="tenant"):
        Invalidation("other:paper", "tag", "7")
