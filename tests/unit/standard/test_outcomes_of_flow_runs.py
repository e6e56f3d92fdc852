"""What a flow run's state means for its request, and which requests are looked at first."""

from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.objects import State as RunState
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Pending,
    Running,
    Scheduled,
)

from neurocortex.domain.deployments import Tier
from neurocortex.routing.route import Lane
from neurocortex.standard.outcome import outcome_of
from neurocortex.standard.round import PAGE, Round
from neurocortex.tracking.record import Record, State

NOW = 1000.0


def record(tier: Tier = Tier.HIGH, created: float = 0.0, deadline: float | None = None) -> Record:
    return Record(
        id=uuid4(),
        tenant="acme",
        operation="count",
        lane=Lane.STANDARD,
        tier=tier,
        created=created,
        deadline=deadline,
        flow_run=uuid4(),
    )


def run(state: RunState[object]) -> FlowRun:
    return FlowRun(flow_id=uuid4(), state=state)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Scheduled(), (State.ACCEPTED, "")),
        (Pending(), (State.ACCEPTED, "")),
        (Running(), (State.RUNNING, "")),
        (Cancelling(), (State.RUNNING, "")),
        (Completed(), (State.COMPLETED, "")),
        (Failed(message="why"), (State.FAILED, "flow_failed")),
        (Crashed(message="why"), (State.FAILED, "flow_crashed")),
        (Cancelled(), (State.CANCELLED, "")),
    ],
)
def test_each_state_has_its_meaning(state: RunState[object], expected: tuple[State, str]) -> None:
    found = outcome_of(record(), run(state), NOW)
    assert (found.state, found.code) == expected
    assert not found.stop_run


def test_a_run_that_is_tried_again_has_started() -> None:
    asked = record().running(1.0)
    found = outcome_of(asked, run(AwaitingRetry()), NOW)
    assert found.apply(asked) is asked


def test_a_late_run_is_stopped_and_a_late_end_says_so() -> None:
    asked = record(deadline=NOW - 1)
    going_on = outcome_of(asked, run(Running()), NOW)
    assert (going_on.state, going_on.code, going_on.stop_run) == (
        State.FAILED,
        "deadline_passed",
        True,
    )
    assert outcome_of(asked, run(Cancelled()), NOW).code == "deadline_passed"
    assert outcome_of(asked, run(Completed()), NOW).state is State.COMPLETED


def test_cancelling_is_asked_for_once_and_waits_for_the_run() -> None:
    asked = record().running(1.0).to_be_cancelled()
    assert outcome_of(asked, run(Running()), NOW).stop_run
    stopping = outcome_of(asked, run(Cancelling()), NOW)
    assert (stopping.state, stopping.stop_run) == (State.RUNNING, False)
    assert outcome_of(asked, run(Cancelled()), NOW).state is State.CANCELLED


def test_without_a_run() -> None:
    asked = record()
    assert outcome_of(asked, None, NOW).code == "flow_deleted"
    not_started = asked.model_copy(update={"flow_run": None})
    assert outcome_of(not_started, None, NOW).apply(not_started) is not_started
    cancelled = not_started.to_be_cancelled()
    assert outcome_of(cancelled, None, NOW).state is State.CANCELLED
    late = not_started.model_copy(update={"deadline": NOW - 1})
    assert outcome_of(late, None, NOW).code == "deadline_passed"


def test_a_few_requests_are_all_looked_at() -> None:
    asked = [record() for _ in range(PAGE)]
    [page] = Round().choose(asked)
    assert {each.id for each in page} == {each.id for each in asked}
    assert Round().choose([]) == []


def test_of_many_those_that_move_are_seen_always_and_all_in_turn() -> None:
    waiting = [record(Tier.LOW, created=at) for at in range(3 * PAGE)]
    urgent = [record(Tier.CRITICAL, created=NOW) for _ in range(5)]
    moving = [record(Tier.LOW).running(1.0), record(Tier.LOW).to_be_cancelled()]
    rounds, seen = Round(), set[UUID]()
    for _ in range(3):
        front, others = rounds.choose([*waiting, *urgent, *moving])
        assert {each.id for each in [*moving, *urgent]} <= {each.id for each in front}
        assert len(front) == PAGE
        assert len(others) <= PAGE
        seen |= {each.id for each in [*front, *others]}
    assert seen == {each.id for each in [*waiting, *urgent, *moving]}
