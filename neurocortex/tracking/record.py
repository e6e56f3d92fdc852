"""What is known of one request, and how it may change."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from neurocortex.admission.values import Ticket
from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.routing.route import Lane, Reason


class State(StrEnum):
    """Where a request is on its way. The last three are final."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL: Final = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


class Frozen(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True)


class Failure(Frozen):
    """Why a request failed."""

    code: str
    """Stable: programs tell failures apart by it."""
    message: str


class Start(Frozen):
    """What a request of the standard lane needs to be started, now or after a crash."""

    deployment: str
    """`FLOW/DEPLOYMENT`."""
    parameters: dict[str, object]
    """The flow's, as JSON values."""


class Record(Frozen):
    """One request. Times are seconds since the epoch."""

    id: UUID
    tenant: str
    operation: str
    lane: Lane
    tier: Tier
    created: float
    state: State = State.ACCEPTED
    version: int = 1
    """One more with each change."""
    estimate_s: float = 0.0
    """Processing time that it was expected to take."""
    expected_cpu_s: float | None = None
    """Processor time that finished runs say its flow run will take; None: they do not."""
    expected_memory_mb: float | None = None
    """Memory that nine in ten such runs keep to."""
    expected_storage_mb: float | None = None
    """What nine in ten such runs write to disks at most."""
    deadline: float | None = None
    session: str | None = None
    idempotency_key: str | None = None
    digest: str | None = None
    """SHA-256 of its body in hexadecimal, where it has an idempotency key."""
    reasons: tuple[Reason, ...] = ()
    """Why it was routed so."""
    features: Mapping[str, float] | None = None
    """Its sizes, of the standard lane: what the router learns from. See `neurocortex/learning`."""
    flow_run: UUID | None = None
    """The Prefect flow run that serves it."""
    cancelling: bool = False
    """It was asked to be cancelled, and has not ended yet."""
    started: float | None = None
    ended: float | None = None
    error: Failure | None = None
    usage: Usage | None = None
    """What its calls of LLMs took, where the real-time lane served it; None: it made none."""

    @property
    def is_final(self) -> bool:
        """Whether it changes no more."""
        return self.state in FINAL

    @property
    def ticket(self) -> Ticket:
        """Its place in the queue."""
        return Ticket(self.id, self.lane, self.tier, self.tenant, self.estimate_s, self.deadline)

    def assigned(self, flow_run: UUID) -> "Record":
        """Return it with its flow run."""
        return self._with(flow_run=flow_run)

    def running(self, at: float) -> "Record":
        """Return it as started."""
        if self.state is State.RUNNING:
            return self
        return self._with(state=State.RUNNING, started=at)

    def to_be_cancelled(self) -> "Record":
        """Return it as asked to be cancelled."""
        return self._with(cancelling=True)

    def completed(self, at: float, usage: Usage | None = None) -> "Record":
        """Return it as done, and with what that took of LLMs."""
        return self._with(state=State.COMPLETED, ended=at, usage=usage)

    def failed(self, at: float, code: str, message: str) -> "Record":
        """Return it as failed."""
        # PostgreSQL keeps no NUL, which the text of somebody's exception may hold.
        error = Failure(code=code, message=message.replace("\0", "\N{REPLACEMENT CHARACTER}"))
        return self._with(state=State.FAILED, ended=at, error=error)

    def cancelled(self, at: float) -> "Record":
        """Return it as cancelled."""
        return self._with(state=State.CANCELLED, ended=at)

    def _with(self, **changes: object) -> "Record":
        """Return a changed record; one that is final stays as it is, whoever comes too late."""
        if self.is_final or all(getattr(self, name) == value for name, value in changes.items()):
            return self
        return self.model_copy(update={**changes, "version": self.version + 1})
