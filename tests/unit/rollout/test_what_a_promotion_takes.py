"""A new version is promoted only if it is shown to be no worse than its margins allow."""

import numpy as np
import pytest

from neurocortex.rollout.bounds import highest, lowest
from neurocortex.rollout.counts import ArmCounts, Counts
from neurocortex.rollout.judging import Judged, look
from neurocortex.rollout.odds import Trials
from neurocortex.rollout.plan import Guard, State
from neurocortex.rollout.verdicts import Verdict, missing, verdict

LOOKS = 40
OLD, NEW = 180, 20
"""Requests of each version between two looks."""


def after(
    guard: Guard, stable: ArmCounts, candidate: ArmCounts, looks: int = LOOKS
) -> tuple[Judged, Verdict | None]:
    """Return what is known when both did the same between all looks, and the first verdict."""
    judged, counts = Judged(), Counts()
    for _ in range(looks):
        counts = Counts(
            stable=counts.stable.plus(stable), candidate=counts.candidate.plus(candidate)
        )
        judged = look(judged, counts, guard)
        found = verdict(judged, guard)
        if found is not None:
            return judged, found
    return judged, None


@pytest.mark.parametrize("rate", [0.002, 0.05, 0.5])
def test_a_rate_is_seldom_outside_its_bounds_however_often_one_looks(rate: float) -> None:
    random = np.random.default_rng(11)
    outside = 0
    for _ in range(60):
        total = bad = 0
        for _ in range(10):
            total += 100
            bad += int(random.binomial(100, rate))
            trials = Trials(total, bad)
            if not lowest(trials, 0.05) <= rate <= highest(trials, 0.05):
                outside += 1
                break
    assert outside <= 14, "6 are the mean where both bounds are reached, 14 are 3 sd above"


def test_bounds_close_in_on_the_rate() -> None:
    assert highest(Trials(1000, 0), 0.025) < 0.01
    assert highest(Trials(100_000, 1000), 0.025) < 0.012
    assert lowest(Trials(100_000, 1000), 0.025) > 0.008
    assert (lowest(Trials(0, 0), 0.05), highest(Trials(0, 0), 0.05)) == (0.0, 1.0)


def test_one_that_is_as_good_is_promoted_and_the_reason_names_the_margins() -> None:
    same = (ArmCounts(requests=OLD, errors=1), ArmCounts(requests=NEW))
    _, found = after(Guard(enough=400), *same, looks=100)
    assert found is not None
    assert found.state is State.PROMOTED
    assert "errors within 2 points" in found.reason
    assert not found.reason.startswith("it is better")


def test_more_errors_than_the_margin_allows_are_never_promoted() -> None:
    # 5 of 100 against 1: too little for "worse" at first, and never enough for "no worse".
    guard = Guard(enough=20, error=0.001)
    judged, found = after(
        guard, ArmCounts(requests=100, errors=1), ArmCounts(requests=20, errors=1), looks=15
    )
    assert found is None
    assert missing(judged, guard) == ("errors no worse (within 2 points)",)
    wide = guard.model_copy(update={"margin": 0.4})
    assert after(wide, ArmCounts(requests=100, errors=1), ArmCounts(requests=20, errors=1))[1]


def test_whoever_wants_only_better_versions_waits_for_a_better_one() -> None:
    guard = Guard(enough=100, only_better=True)
    even = (ArmCounts(requests=OLD, errors=2), ArmCounts(requests=NEW))
    judged, found = after(guard, ArmCounts(requests=OLD), ArmCounts(requests=NEW), looks=60)
    assert found is None
    assert missing(judged, guard) == ("better in something",)
    _, found = after(guard, ArmCounts(requests=OLD, errors=60), ArmCounts(requests=NEW))
    assert found is not None
    assert found.state is State.PROMOTED
    assert found.reason.startswith("it is better: it fails less often: 0 of")
    assert after(Guard(enough=100), *even, looks=100)[1] is not None


def test_judged_answers_are_waited_for_only_where_many_are_judged() -> None:
    few = (
        ArmCounts(requests=OLD, scored=4, bad=1),
        ArmCounts(requests=NEW, scored=4, bad=1),
    )
    _, found = after(Guard(enough=400), *few)
    assert found is not None, "fewer than 200 are judged when the requests suffice"
    many = (
        ArmCounts(requests=OLD, scored=20, bad=4),
        ArmCounts(requests=NEW, scored=20, bad=4),
    )
    judged, found = after(Guard(enough=400), *many, looks=30)
    assert found is None
    assert missing(judged, Guard(enough=400)) == ("scores no worse (within 5 points)",)


def test_a_regressor_whose_numbers_are_farther_off_is_returned() -> None:
    _, found = after(
        Guard(),
        ArmCounts(requests=OLD, misses={100: 5, 104: 4, 108: 1}),
        ArmCounts(requests=NEW, misses={104: 1, 108: 4, 112: 5}),
    )
    assert found is not None
    assert found.state is State.RETURNED
    assert found.reason.startswith("its numbers are farther from the right ones: median")


def test_a_regressor_whose_numbers_are_nearer_is_better() -> None:
    _, found = after(
        Guard(enough=500, only_better=True),
        ArmCounts(requests=OLD, misses={104: 1, 108: 4, 112: 5}),
        ArmCounts(requests=NEW, misses={100: 5, 104: 4, 108: 1}),
    )
    assert found is not None
    assert found.state is State.PROMOTED
    assert found.reason.startswith("it is better: its numbers are nearer to the right ones")


def test_times_are_shown_to_be_within_the_factor() -> None:
    random = np.random.default_rng(5)

    def classes(mean: float, many: int) -> dict[int, int]:
        values, counts = np.unique(
            np.floor(4 * random.normal(mean, 0.5, many)).astype(int), return_counts=True
        )
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def promoted_after(slower: float) -> int | None:
        judged, counts, guard = Judged(), Counts(), Guard(enough=200)
        for each in range(1, 101):
            counts = Counts(
                stable=counts.stable.plus(ArmCounts(requests=OLD, times=classes(8, OLD))),
                candidate=counts.candidate.plus(
                    ArmCounts(requests=NEW, times=classes(8 + np.log2(slower), NEW))
                ),
            )
            judged = look(judged, counts, guard)
            if (found := verdict(judged, guard)) is not None:
                return each if found.state is State.PROMOTED else None
        return None

    assert promoted_after(1.0) is not None
    assert promoted_after(1.6) is None
