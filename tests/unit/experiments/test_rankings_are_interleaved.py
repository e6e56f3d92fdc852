"""Two rankings in one answer: who picks what, whom a reader prefers, and how seldom that is wrong.

The readers here look from the top down and use what they like where they look: without the coins
whoever picks first would win.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.experiments.figures import Outcome, Scored, looked, nothing
from neurocortex.experiments.interleaving import Interleaved, Team, draft, preference, read
from neurocortex.experiments.judging import judged
from neurocortex.experiments.plan import Experiment, ExperimentSpec, State

NOW = datetime(2026, 5, 1, tzinfo=UTC)
RANKING = st.lists(st.integers(0, 30), max_size=20)


def experiment(**fields: object) -> Experiment:
    variants = [{"name": "plain"}, {"name": "fused", "set": {"collection": "papers-2"}}]
    spec = {"name": "rankings", "operation": "search", "design": "interleaved"}
    return Experiment(
        id=UUID(int=7),
        spec=ExperimentSpec.model_validate({**spec, "variants": variants, **fields}),
        started_at=NOW,
    )


def drafted(first: Sequence[int], second: Sequence[int], limit: int, seed: int = 0) -> list[Team]:
    return [team for _, team in draft(first, second, limit, UUID(int=seed), lambda item: item)]


@given(RANKING, RANKING, st.integers(1, 25), st.uuids())
@settings(deadline=None)
def test_each_item_is_there_once_and_the_teams_are_as_large(
    first: list[int], second: list[int], limit: int, request: UUID
) -> None:
    found = draft(first, second, limit, request, lambda item: item)
    items = [item for item, _ in found]
    assert len(items) == len(set(items)) == min(limit, len({*first, *second}))
    teams = [team for _, team in found]
    assert abs(teams.count(Team.FIRST) - teams.count(Team.SECOND)) <= 1
    for team, ranking in ((Team.FIRST, first), (Team.SECOND, second)):
        places = [ranking.index(item) for item, picked in found if picked is team]
        assert places == sorted(places)
    if Team.NEITHER in teams:  # it ends the answer
        assert set(teams[teams.index(Team.NEITHER) :]) == {Team.NEITHER}
        assert teams.count(Team.FIRST) == teams.count(Team.SECOND)
    assert found == draft(first, second, limit, request, lambda item: item)


def test_what_both_found_goes_to_who_picks_it_first() -> None:
    for seed in range(20):
        found = draft([1, 2, 3], [1, 4, 5], 3, UUID(int=seed), lambda item: item)
        assert found[0][0] == 1
        assert found[1][0] == (4 if found[0][1] is Team.FIRST else 2)


def test_each_ranking_picks_first_as_often_in_each_round() -> None:
    ours, theirs = list(range(10)), list(range(10, 20))
    found = [drafted(ours, theirs, 10, seed) for seed in range(2000)]
    for start in range(0, 10, 2):
        assert {each[start] for each in found} == {Team.FIRST, Team.SECOND}
        begun = sum(each[start] is Team.FIRST for each in found)
        assert begun == pytest.approx(1000, abs=120)
        assert all(each[start] is not each[start + 1] for each in found)


@pytest.mark.parametrize(
    ("first", "second", "teams"),
    [([1], [], 0), ([1], [2, 3, 4, 5], 1), ([1], [1, 2, 3], 0), ([1, 2], [2, 1, 3], 1)],
)
def test_what_one_ranking_has_left_follows_for_neither(
    first: list[int], second: list[int], teams: int
) -> None:
    for seed in range(20):
        found = drafted(first, second, 4, seed)
        assert found.count(Team.FIRST) == found.count(Team.SECOND)
        assert found.count(Team.FIRST) >= teams
        assert found[-1] is Team.NEITHER


@pytest.mark.parametrize(
    ("used", "preferred"), [([], 0.5), ([1], 0.0), ([2, 3], 1.0), ([1, 2, 2], 0.5), ([4], 0.5)]
)
def test_the_team_of_which_more_was_used_is_preferred(used: list[int], preferred: float) -> None:
    teams = [Team.FIRST, Team.SECOND, Team.SECOND, Team.NEITHER]
    assert preference(teams, used) == preferred


def test_only_an_answer_of_two_rankings_has_teams() -> None:
    assert read(b'{"teams": ["second"], "passages": [{}]}').teams == (Team.SECOND,)
    assert read(b'{"teams": null, "passages": []}') == read(b"a mask") == Interleaved()


def _used(rng: Random, answer: Sequence[int], helps: set[int]) -> list[int]:
    """Numbers of the passages that a reader uses, who looks seldom as far as the end."""
    return [
        number
        for number, item in enumerate(answer, 1)
        if rng.random() < 0.8**number and rng.random() < (0.6 if item in helps else 0.2)
    ]


def _judged_by_readers(
    rng: Random, begun: Experiment, first: Sequence[int], second: Sequence[int], helps: set[int]
) -> tuple[Experiment, int]:
    """Return the experiment after so many answers as it took, looked at after each."""
    figures = nothing(begun.spec)
    for count in range(1, 501):
        found = draft(first, second, 5, UUID(int=rng.getrandbits(128)), lambda item: item)
        teams = [team for _, team in found]
        score = preference(teams, _used(rng, [item for item, _ in found], helps))
        figures = looked(figures, begun.spec, [], [Scored(begun.spec.both, "acme", score)])
        after = judged(begun, figures, NOW)
        if not after.is_running:
            return after, count
    return begun, 500


@pytest.mark.parametrize(
    ("first", "second"),
    [(range(5), range(5)), (range(5), range(10, 15)), (range(5), (4, 3, 2, 1, 0))],
    ids=["the same", "no passage in common", "the same passages otherwise ordered"],
)
def test_rankings_that_help_as_much_are_seldom_told_apart(
    first: Sequence[int], second: Sequence[int]
) -> None:
    begun = experiment(alpha=0.1)
    rng = Random("null")
    ends = [_judged_by_readers(rng, begun, first, second, set())[0] for _ in range(20)]
    assert sum(not each.is_running for each in ends) <= 2


@pytest.mark.parametrize("is_second", [True, False], ids=["second", "first"])
def test_the_ranking_that_helps_more_wins(is_second: bool) -> None:
    good, bad = list(range(5)), list(range(10, 15))
    rankings = (bad, good) if is_second else (good, bad)
    found, count = _judged_by_readers(Random("better"), experiment(), *rankings, set(good))
    assert (found.state, found.winner) == (State.DECIDED, "fused" if is_second else "plain")
    assert count < 200


def test_both_variants_serve_each_request_and_their_means_add_up_to_one() -> None:
    spec = experiment(guardrails={"error_rate": 0.05}).spec
    ended = [Outcome(spec.both, "acme", failed=False, seconds=0.1, cost=0.0) for _ in range(4)]
    scores = (1.0, 1.0, 0.5, 0.0)
    said = [Scored(spec.both, "acme", score) for score in scores]
    figures = looked(nothing(spec), spec, ended, said)
    plain, fused = figures.arms["plain"], figures.arms["fused"]
    assert (fused.wins, fused.losses, fused.ties) == (2, 1, 1) == (plain.losses, plain.wins, 1)
    assert (plain.requests, fused.requests, figures.samples(spec)) == (4, 4, 4)
    assert (fused.metric.mean, plain.metric.mean) == (0.625, 0.375)
    assert (plain.metric.low, plain.metric.high) == pytest.approx(
        (1 - fused.metric.high, 1 - fused.metric.low)
    )


def test_requests_that_fail_end_the_experiment_and_nobody_wins() -> None:
    begun = experiment(guardrails={"error_rate": 0.05})
    ended = [Outcome(begun.spec.both, "acme", True, 0.1, 0.0) for _ in range(6)]
    found = judged(begun, looked(nothing(begun.spec), begun.spec, ended, []), NOW)
    assert (found.state, found.winner) == (State.BROKEN, None)
    assert found.reason.startswith("plain+fused breaks a guardrail: 6 of 6 requests")
