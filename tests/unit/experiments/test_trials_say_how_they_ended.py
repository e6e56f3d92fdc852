"""What a request of an experiment tells of its variant, and what says nothing of it."""

from uuid import uuid4

import pytest

from neurocortex.domain.usage import Usage
from neurocortex.errors import (
    CollectionNotFoundError,
    QuestionError,
    RemoteError,
    RequestCancelledError,
    SheddingError,
)
from neurocortex.experiments.interleaving import Team
from neurocortex.experiments.outcomes import Taken
from neurocortex.experiments.trials import Trial


@pytest.fixture
def told() -> list[Taken]:
    return []


@pytest.fixture
def trial(told: list[Taken]) -> Trial:
    return Trial(uuid4(), "acme", uuid4(), "context", "short", told.append)


def test_an_answer_says_what_it_took(trial: Trial, told: list[Taken]) -> None:
    trial.answered(Usage(calls=1, cost=0.02))
    (one,) = told
    assert (one.id, one.variant, one.failed, one.cost) == (trial.request, "short", False, 0.02)
    assert one.seconds is not None
    assert one.seconds >= 0


def test_an_answer_from_the_cache_took_nothing_that_counts(trial: Trial, told: list[Taken]) -> None:
    trial.answered(None, is_kept=True)
    assert [(one.failed, one.seconds, one.cost) for one in told] == [(False, None, None)]


def test_what_stands_in_for_an_answer_is_a_failure(trial: Trial, told: list[Taken]) -> None:
    trial.answered(None, stands_in=True)
    assert [one.failed for one in told] == [True]


def test_an_interleaved_answer_says_who_picked_its_passages(
    trial: Trial, told: list[Taken]
) -> None:
    trial.answered(None, teams=(Team.SECOND, Team.FIRST))
    assert [one.teams for one in told] == [(Team.SECOND, Team.FIRST)]


def test_what_was_accepted_has_not_ended(trial: Trial, told: list[Taken]) -> None:
    trial.accepted()
    assert [one.failed for one in told] == [None]


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (CollectionNotFoundError("papers", ()), True),
        (RemoteError("provider_refused", "no"), True),
        (ZeroDivisionError(), True),
        (RemoteError("question", "it is empty"), False),
        (QuestionError("it is empty"), False),
        (SheddingError("low", 1.0, 5.0), False),
        (RequestCancelledError(uuid4()), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_failures_of_the_variant_count(
    trial: Trial, told: list[Taken], error: Exception, counts: bool
) -> None:
    trial.failed(error)
    assert bool(told) is counts
