"""The rules of rollouts: who gets which version, and what ends one, wrong with a bounded chance."""

import math
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from neurocortex.rollout import odds
from neurocortex.rollout.assignment import assign, is_chosen
from neurocortex.rollout.counts import ArmCounts, Counts, seconds_of, time_class
from neurocortex.rollout.judging import Judged, look
from neurocortex.rollout.odds import Trials
from neurocortex.rollout.plan import Arm, Deployed, Guard, Rollout, State, Strategy
from neurocortex.rollout.verdicts import Verdict, verdict

GUARD = Guard(enough=1000)


def rollout(strategy: Strategy, percent: float = 10.0) -> Rollout:
    return Rollout(
        id=uuid4(),
        forge="default",
        model="wine",
        strategy=strategy,
        percent=percent,
        stable=Deployed(version=1),
        candidate=Deployed(version=2),
        started_at=datetime.now(UTC),
    )


def test_a_canary_gets_its_share_and_keeps_its_callers() -> None:
    canary = rollout(Strategy.CANARY)
    found = Counter(assign(canary, "acme", str(key)).serves for key in range(10_000))
    assert 850 <= found[Arm.CANDIDATE] <= 1150
    assert assign(canary, "acme", "7") == assign(canary, "acme", "7")


def test_copies_go_to_the_version_that_does_not_serve() -> None:
    shadow = assign(rollout(Strategy.SHADOW, 100), "acme", "7")
    assert (shadow.serves, shadow.copied_to) == (Arm.STABLE, Arm.CANDIDATE)
    green = assign(rollout(Strategy.BLUE_GREEN, 100), "acme", "7")
    assert (green.serves, green.copied_to) == (Arm.CANDIDATE, Arm.STABLE)


@given(
    st.uuids(),
    st.text(max_size=20),
    st.text(max_size=20),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_who_was_chosen_stays_chosen_when_the_share_grows(
    number: UUID, tenant: str, key: str, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert not is_chosen(number, tenant, key, less) or is_chosen(number, tenant, key, more)
    assert is_chosen(number, tenant, key, 100)
    assert not is_chosen(number, tenant, key, 0)


def test_a_rollout_needs_two_versions() -> None:
    with pytest.raises(ValidationError, match="serves already"):
        Rollout.model_validate(
            {**rollout(Strategy.CANARY).model_dump(), "candidate": {"version": 1}}
        )


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 10),
    st.integers(1, 10),
    st.floats(0.01, 0.99),
    st.floats(0, 1),
    st.integers(0, len(odds.RATIOS) - 1),
)
def test_the_mean_of_the_evidence_is_at_most_one_unless_the_candidate_is_worse(
    stable: int, candidate: int, rate: float, better: float, place: int
) -> None:
    """The exact mean over all outcomes: what Ville's inequality stands on."""
    rates = (rate, rate * better)
    mean = 0.0
    for failed in range(stable + 1):
        for worse in range(candidate + 1):
            chance = _binomial(stable, failed, rates[0]) * _binomial(candidate, worse, rates[1])
            log = odds.updated(odds.NONE, Trials(stable, failed), Trials(candidate, worse))[place]
            mean += chance * math.exp(log)
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5])
def test_versions_that_are_alike_are_seldom_returned_however_often_one_looks(rate: float) -> None:
    random = np.random.default_rng(7)
    returned = 0
    for _ in range(100):
        evidence = odds.NONE
        for _ in range(100):
            stable, candidate = int(random.poisson(45)), int(random.poisson(5))
            evidence = odds.updated(
                evidence,
                Trials(stable, int(random.binomial(stable, rate))),
                Trials(candidate, int(random.binomial(candidate, rate))),
            )
            if odds.log_strength(evidence) >= math.log(1 / 0.05):
                returned += 1
                break
    assert returned <= 12, "5 are the mean where the bound is reached, 12 are 3 sd above"


def test_a_broken_candidate_is_returned_after_a_few_requests() -> None:
    judged = Judged()
    for tick in range(1, 4):
        counts = Counts(
            stable=ArmCounts(requests=45 * tick),
            candidate=ArmCounts(requests=5 * tick, errors=5 * tick),
        )
        judged = look(judged, counts, GUARD)
    found = verdict(judged, GUARD)
    assert found is not None
    assert found.state is State.RETURNED
    assert "15 of 15 against 0 of 135" in found.reason


def test_a_slower_candidate_is_returned_and_a_little_slower_one_is_not() -> None:
    assert _after_times(factor=2.5) is not None
    assert _after_times(factor=1.1) is None


def test_a_candidate_that_is_judged_worse_is_returned() -> None:
    counts = Counts(
        stable=ArmCounts(requests=900, scored=200, bad=20),
        candidate=ArmCounts(requests=100, scored=50, bad=30),
    )
    found = verdict(look(Judged(), counts, GUARD), GUARD)
    assert found is not None
    assert "judged worse" in found.reason


def test_one_that_is_no_worse_is_promoted_after_enough_requests_if_that_is_asked() -> None:
    counts = Counts(
        stable=ArmCounts(requests=9000, errors=9), candidate=ArmCounts(requests=1000, errors=1)
    )
    judged = look(Judged(), counts, GUARD)
    found = verdict(judged, GUARD)
    assert isinstance(found, Verdict)
    assert found.state is State.PROMOTED
    assert verdict(judged, GUARD.model_copy(update={"promote": False})) is None
    assert verdict(judged, GUARD.model_copy(update={"enough": 1001})) is None


def test_one_that_cannot_be_read_is_returned_without_statistics() -> None:
    found = verdict(look(Judged(), Counts(broken="its bytes are damaged"), GUARD), GUARD)
    assert found == Verdict(State.RETURNED, "it cannot serve: its bytes are damaged")


def test_counts_that_begin_anew_lose_nothing_that_was_known() -> None:
    first = Counts(
        stable=ArmCounts(requests=90, errors=1, scored=5),
        candidate=ArmCounts(requests=10),
        epoch="a",
    )
    again = Counts(
        stable=ArmCounts(requests=100, scored=6), candidate=ArmCounts(requests=20), epoch="b"
    )
    judged = look(look(Judged(), first, GUARD), again, GUARD)
    assert (judged.sums.stable.requests, judged.sums.stable.scored) == (190, 6)
    assert judged.sums.candidate.requests == 30


@given(st.floats(1e-5, 40))
def test_a_class_of_times_is_a_fifth_wide(seconds: float) -> None:
    longest = seconds_of(time_class(seconds))
    assert seconds <= longest * (1 + 1e-9)
    assert longest < seconds * 1.2


def _after_times(factor: float) -> Verdict | None:
    random = np.random.default_rng(3)
    sums = Counts()
    judged = Judged()
    for _ in range(60):
        sums = Counts(
            stable=sums.stable.plus(_computed(random, 45, 1.0)),
            candidate=sums.candidate.plus(_computed(random, 5, factor)),
        )
        judged = look(judged, sums, GUARD)
    return verdict(judged, GUARD)


def _computed(random: np.random.Generator, many: int, factor: float) -> ArmCounts:
    times = 0.002 * factor * random.lognormal(0, 0.3, many)
    return ArmCounts(requests=many, times=Counter(map(time_class, map(float, times))))


def _binomial(many: int, some: int, rate: float) -> float:
    return math.comb(many, some) * rate**some * (1 - rate) ** (many - some)
