"""How a record of a request may change."""

from uuid import uuid4

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.gateway.views import RequestView, Views
from neurocortex.routing.route import Lane, Reason
from neurocortex.tracking.record import Failure, Record, State

RECORD = Record(
    id=uuid4(),
    tenant="acme",
    operation="answer",
    lane=Lane.STANDARD,
    tier=Tier.HIGH,
    created=1000.0,
    reasons=(Reason("long", "about 60 s of work"),),
)


def test_each_change_is_a_new_version() -> None:
    flow_run = uuid4()
    done = RECORD.assigned(flow_run).running(1001.0).completed(1002.0)
    assert (done.state, done.version) == (State.COMPLETED, 4)
    assert (done.flow_run, done.started, done.ended) == (flow_run, 1001.0, 1002.0)
    assert RECORD.version == 1


def test_what_it_took_of_llms_is_shown_with_it() -> None:
    usage = Usage(calls=2, prompt_tokens=10, completion_tokens=3, cost=0.5)
    done = Record.model_validate_json(RECORD.completed(2.0, usage).model_dump_json())
    shown = RequestView.model_validate_json(Views("http://ui").render(done, b"{}"))
    assert shown.usage == usage
    bare = RequestView.model_validate_json(Views("http://ui").render(RECORD.completed(2.0)))
    assert bare.usage is None


@pytest.mark.parametrize(
    "ended", [RECORD.completed(2.0), RECORD.cancelled(2.0), RECORD.failed(2.0, "x", "y")]
)
def test_what_is_final_stays_as_it_is(ended: Record) -> None:
    assert ended.is_final
    for late in (
        ended.running(3.0),
        ended.completed(3.0),
        ended.cancelled(3.0),
        ended.failed(3.0, "late", "late"),
        ended.to_be_cancelled(),
        ended.assigned(uuid4()),
    ):
        assert late is ended


def test_what_changes_nothing_is_no_change() -> None:
    running = RECORD.running(3.0)
    assert running.running(4.0) is running
    asked = running.to_be_cancelled()
    assert asked.to_be_cancelled() is asked


def test_a_failure_can_be_kept_by_postgresql() -> None:
    assert RECORD.failed(2.0, "x", "a\0b").error == Failure(
        code="x", message="a\N{REPLACEMENT CHARACTER}b"
    )


def test_a_record_survives_being_written() -> None:
    record = RECORD.assigned(uuid4()).running(1001.5)
    assert Record.model_validate_json(record.model_dump_json(exclude_defaults=True)) == record
