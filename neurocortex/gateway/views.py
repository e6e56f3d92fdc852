"""Requests as clients see them."""

from dataclasses import dataclass
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.routing.route import Lane
from neurocortex.tracking.record import Record, State


class ReasonView(BaseModel):
    """Why a request was routed as it was."""

    model_config = ConfigDict(frozen=True)

    rule: str
    text: str


class FailureView(BaseModel):
    """Why a request failed."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="Stable: programs may tell failures apart by it.")
    message: str


class RequestView(BaseModel):
    """A request, and what became of it so far. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    operation: str
    state: State
    lane: Lane
    tier: Tier
    created: float
    started: float | None = None
    ended: float | None = None
    deadline: float | None = None
    session: str | None = None
    cancelling: bool = Field(False, description="It was asked to end, and has not ended yet.")
    reasons: tuple[ReasonView, ...] = Field((), description="Why it has this lane and tier.")
    flow_run: UUID | None = Field(None, description="The Prefect flow run that serves it.")
    flow_run_url: str | None = Field(None, description="Where people look at that.")
    error: FailureView | None = Field(None, description="Why it failed.")
    usage: Usage | None = Field(None, description="What its calls of LLMs took, if it made some.")
    result: JsonValue = Field(None, description="What it returned, once it is completed.")


@dataclass(frozen=True, slots=True)
class Views:
    """Renders requests as JSON."""

    ui_url: str
    """Of Prefect."""

    def render(self, record: Record, result: bytes | None = None) -> bytes:
        """Return a `RequestView`; the result's JSON is put in as it is."""
        reasons = [{"rule": reason.rule, "text": reason.text} for reason in record.reasons]
        run = record.flow_run
        return orjson.dumps(
            {
                "id": record.id,
                "operation": record.operation,
                "state": record.state,
                "lane": record.lane,
                "tier": record.tier,
                "created": record.created,
                "started": record.started,
                "ended": record.ended,
                "deadline": record.deadline,
                "session": record.session,
                "cancelling": record.cancelling,
                "reasons": reasons,
                "flow_run": run,
                "flow_run_url": f"{self.ui_url}/runs/flow-run/{run}" if run else None,
                "error": record.error.model_dump() if record.error is not None else None,
                "usage": record.usage.model_dump() if record.usage is not None else None,
                "result": orjson.Fragment(result) if result is not None else None,
            }
        )


def location(request: UUID) -> str:
    """Return where a request is looked after."""
    return f"/v1/requests/{request}"
