"""Whose turn it is: round robin by weight, least connections when they diverge."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.balancing.choosing import Candidate, Turns, choose, weights
from neurocortex.balancing.health import Standing
from neurocortex.domain.endpoints import LlmEndpoint

IN, OUT, DUE, PAUSED, SLOW = (
    Standing.IN,
    Standing.OUT,
    Standing.DUE,
    Standing.PAUSED,
    Standing.SLOW,
)


def candidate(
    name: str,
    standing: Standing = IN,
    *,
    calls: int = 0,
    weight: float = 1,
    most: int | None = None,
) -> Candidate:
    return Candidate(name, weight, standing, calls, most)


def chosen(*candidates: Candidate) -> str | None:
    choice = choose(candidates, {})
    return choice.name if choice else None


def counted(candidates: list[Candidate], times: int) -> Counter[str]:
    turns: Turns = {}
    counts: Counter[str] = Counter()
    for _ in range(times):
        choice = choose(candidates, turns)
        assert choice is not None
        turns = choice.turns
        counts[choice.name] += 1
    return counts


def test_each_has_its_turn() -> None:
    assert counted([candidate(name) for name in "abc"], 9) == {"a": 3, "b": 3, "c": 3}


def test_turns_follow_weights_and_are_interleaved() -> None:
    both = [candidate("a", weight=2), candidate("b", weight=1)]
    assert counted(both, 9) == {"a": 6, "b": 3}
    assert counted(both, 3) == {"a": 2, "b": 1}


def test_where_they_diverge_the_one_with_the_fewest_calls_is_next() -> None:
    near = [candidate("a", calls=2), candidate("b")]
    assert counted(near, 10) == {"a": 5, "b": 5}
    assert counted([candidate("a", calls=3), candidate("b")], 10) == {"b": 10}


def test_calls_are_compared_by_weight() -> None:
    assert counted([candidate("a", calls=6, weight=3), candidate("b", calls=2)], 8) == {
        "a": 6,
        "b": 2,
    }


def test_one_that_is_due_is_probed_once_before_the_others() -> None:
    choice = choose([candidate("a"), candidate("b", DUE)], {})
    assert choice is not None
    assert (choice.name, choice.is_probe, choice.needs_retry) == ("b", True, True)
    left = choose([candidate("a"), candidate("b", DUE)], {}, may_probe=False)
    assert left is not None
    assert (left.name, left.is_probe) == ("a", False)


def test_ejected_ones_get_calls_only_where_nobody_else_is_in() -> None:
    assert chosen(candidate("a", OUT), candidate("b")) == "b"
    assert chosen(candidate("a", OUT), candidate("b", PAUSED)) == "a"
    assert chosen(candidate("a", OUT), candidate("b", calls=1, most=1)) is None, "b has room soon"


def early(name: str) -> Candidate:
    return Candidate(name, 1, OUT, 0, is_due_early=True)


def test_where_few_are_in_one_that_refused_is_probed_before_its_time() -> None:
    choice = choose([candidate("a"), early("b"), candidate("c", OUT)], {})
    assert choice is not None
    assert (choice.name, choice.is_probe, choice.needs_retry) == ("b", True, True)
    assert chosen(candidate("a"), early("b")) == "a", "half are enough"


def test_a_probe_of_one_that_is_waited_for_needs_no_retry() -> None:
    brief = Candidate("a", 1, OUT, 0, is_due_early=True, is_brief=True)
    choice = choose([brief, candidate("b", SLOW)], {})
    assert choice is not None
    assert (choice.name, choice.is_probe, choice.needs_retry) == ("a", True, False)


def test_one_that_may_be_back_in_a_moment_is_waited_for_where_nobody_is_in() -> None:
    brief = Candidate("a", 1, OUT, 0, is_brief=True)
    assert chosen(brief, candidate("b", SLOW)) is None
    assert chosen(brief, candidate("b")) == "b"
    left = choose([brief, candidate("b", SLOW)], {}, may_probe=False)
    assert left is not None
    assert left.name == "b"


def test_slow_ones_get_calls_before_those_that_fail() -> None:
    assert chosen(candidate("a", OUT), candidate("b", SLOW)) == "b"
    assert chosen(candidate("a", SLOW), candidate("b")) == "b"


def test_a_second_endpoint_for_a_call_is_none_that_is_left_out() -> None:
    left_out = [candidate("a", OUT), candidate("b", SLOW)]
    assert choose(left_out, {}, needs_fine=True) is None
    assert choose([*left_out, candidate("c")], {}, needs_fine=True) is not None


def test_a_pause_is_respected_even_by_the_last_one() -> None:
    assert chosen(candidate("a", PAUSED)) is None


def test_a_full_one_is_passed_over() -> None:
    assert chosen(candidate("a", calls=2, most=2), candidate("b", calls=9)) == "b"
    assert chosen(candidate("a", calls=2, most=2)) is None


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.text("abcdefgh", min_size=1, max_size=3),
        st.floats(0.01, 100),
        st.sampled_from(Standing),
        st.integers(0, 50),
        st.none() | st.integers(1, 50),
        st.booleans(),
        st.booleans(),
    ),
    unique_by=lambda each: each.name,
    max_size=6,
)


@given(CANDIDATES, st.dictionaries(st.text("abc", min_size=1, max_size=1), st.floats(-9, 9)))
def test_whoever_is_chosen_may_be_called(candidates: list[Candidate], turns: Turns) -> None:
    choice = choose(candidates, turns)
    usable = [each for each in candidates if each.has_room]
    if choice is None:
        assert not any(each.standing in (IN, DUE) for each in usable)
        return
    (found,) = (each for each in usable if each.name == choice.name)
    assert found.standing is not PAUSED
    assert choice.is_probe or found.standing is not DUE
    if found.standing in (OUT, SLOW) and not choice.is_probe:
        assert not any(each.standing is IN for each in candidates)


def endpoint(number: int, **fields: object) -> LlmEndpoint:
    made = LlmEndpoint(base_url=f"http://host{number}/v1", model="m")
    return made.model_copy(update=fields)


@pytest.mark.parametrize(
    ("second", "share"),
    [
        pytest.param({}, 1.0, id="alike"),
        pytest.param({"prompt_price": 4.0}, 0.5, id="twice-the-price"),
        pytest.param({"prompt_price": 1000.0}, 0.1, id="far-dearer"),
        pytest.param({"region": "us"}, 0.1, id="elsewhere"),
        pytest.param({"region": "eu", "weight": 3.0}, 3.0, id="heavier"),
    ],
)
def test_weights_fall_with_price_and_distance(second: dict[str, object], share: float) -> None:
    first = endpoint(1, prompt_price=2.0)
    other = endpoint(2, **{"prompt_price": 2.0, **second})
    found = weights([first, other], "eu")
    assert found[first.name] == 1.0
    assert found[other.name] == pytest.approx(share)


def test_a_free_one_gets_most() -> None:
    free, paid = endpoint(1), endpoint(2, completion_price=1.0)
    assert weights([free, paid], None) == {free.name: 1.0, paid.name: 0.1}
