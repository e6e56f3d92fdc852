"""What is kept of a run that failed for good."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

LANE_FLOW: Final = "serve-realtime"
"""The flow of the letters of the real-time lane; their `flow_run` is the id of a request."""

LANE_REPLAY: Final = "replay-request/replay-request"
"""The deployment that does such a request again as a flow run."""

MAX_HISTORY: Final = 50
"""States kept of a run, the last ones: a run with many retries has hundreds."""

MAX_MESSAGE_CHARS: Final = 4000
"""Of an error message; Prefect has all of it for as long as it has the run."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class PastState(_Part):
    """A state the run was in."""

    name: str
    """Prefect's name of it, e.g. `AwaitingRetry`."""
    at: datetime
    message: str


class DeadLetter(_Part):
    """A run that ended as Failed, Crashed or TimedOut and is not tried again.

    It holds no secret: parameters and messages are redacted. A replay takes the parameters that
    Prefect has.
    """

    flow_run: UUID
    name: str
    """Of the run, e.g. `brave-otter`."""
    flow: str
    deployment: str | None
    """None for a run of no deployment, or of one that is gone."""
    deployment_id: UUID | None
    tier: str
    """Whose share it took; empty for a run of no work pool."""
    tenant: str
    parameters: str
    """A JSON object."""
    state: str
    """Prefect's name of its last state, e.g. `TimedOut`."""
    message: str
    error_type: str | None
    """Name of the exception, where the message tells it."""
    history: tuple[PastState, ...]
    """Its states, oldest first: the last MAX_HISTORY."""
    attempts: int
    """How often it was started; 0 for a run that crashed before its flow began."""
    created: datetime
    replayed_as: UUID | None = None
    """The newest run that repeated it."""
