"""Batches as clients see them."""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neurocortex.batches.intake import OPERATION as BATCH
from neurocortex.batches.intake import Standing
from neurocortex.batches.values import Outcome, item_id
from neurocortex.domain.deployments import Tier
from neurocortex.gateway.views import FailureView
from neurocortex.gateway.views import location as request_location
from neurocortex.tracking.record import Record, State

MEDIA_TYPE: Final = "application/x-ndjson"


class BatchView(BaseModel):
    """A batch, and how far it is. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    state: State
    tier: Tier
    total: int = Field(description="Its lines.")
    completed: int = Field(description="Lines that have a result.")
    failed: int = Field(description="Lines that are no valid request, or that failed.")
    created: float
    started: float | None = None
    ended: float | None = None
    cancelling: bool = Field(False, description="It was asked to end, and has not ended yet.")
    flow_run: UUID | None = Field(None, description="The Prefect flow run that works it off.")
    flow_run_url: str | None = Field(None, description="Where people look at that.")
    results: str = Field(description="Address of the results so far.")
    error: FailureView | None = Field(None, description="Why it failed as a whole.")


class BatchLine(BaseModel):
    """What became of one line, as `results` has it in a line of its own."""

    model_config = ConfigDict(frozen=True)

    line: int = Field(ge=1, description="In the file that was sent, from 1.")
    request_id: UUID = Field(description="What feedback about its result names.")
    state: Literal["completed", "failed"]
    result: JsonValue = Field(None, description="What the request returned.")
    error: FailureView | None = None


@dataclass(frozen=True, slots=True)
class BatchViews:
    """Renders batches as JSON."""

    ui_url: str
    """Of Prefect."""

    def render(self, standing: Standing) -> bytes:
        """Return a `BatchView`."""
        record, counts = standing.record, standing.counts
        run = record.flow_run
        failure = record.error
        view = BatchView(
            id=record.id,
            state=record.state,
            tier=record.tier,
            total=counts.total,
            completed=counts.completed,
            failed=counts.failed,
            created=record.created,
            started=record.started,
            ended=record.ended,
            cancelling=record.cancelling,
            flow_run=run,
            flow_run_url=f"{self.ui_url}/runs/flow-run/{run}" if run else None,
            results=f"{location(record.id)}/results",
            error=FailureView(code=failure.code, message=failure.message) if failure else None,
        )
        return view.model_dump_json().encode()


def line_of(batch: UUID, outcome: Outcome) -> bytes:
    """Return a `BatchLine` and a line feed; the result's JSON is put in as it is."""
    state, name = (b"completed", b"result") if outcome.is_completed else (b"failed", b"error")
    number = str(item_id(batch, outcome.line)).encode()
    head = b'{"line":%d,"request_id":"%s","state":"%s"' % (outcome.line, number, state)
    return b'%s,"%s":%s}\n' % (head, name, outcome.content)


def location(batch: UUID) -> str:
    """Return where a batch is looked after."""
    return f"/v1/batches/{batch}"


def location_of(record: Record) -> str:
    """Return where a request is looked after, or the batch that it is."""
    return location(record.id) if record.operation == BATCH else request_location(record.id)
