"""What the state of a flow run means for its request; pure."""

from dataclasses import dataclass
from typing import Final

from prefect.client.schemas.objects import FlowRun, StateType

from neurocortex.tracking.record import Record, State

ENDED: Final = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED}
)

WAITING: Final = frozenset({StateType.SCHEDULED, StateType.PENDING})
"""A run that is to be tried again waits too: its request has started, though."""

MAX_MESSAGE_CHARS: Final = 2000
"""Of a failure; the flow run has all of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a request."""

    state: State
    at: float
    """Seconds since the epoch."""
    code: str = ""
    message: str = ""
    stop_run: bool = False
    """Its flow run goes on, and has to be ended."""

    def apply(self, record: Record) -> Record:
        """Return the record as it is then."""
        match self.state:
            case State.RUNNING:
                return record.running(self.at)
            case State.CANCELLED:
                return record.cancelled(self.at)
            case State.FAILED:
                return record.failed(self.at, self.code, self.message)
            case _:
                return record


def outcome_of(record: Record, run: FlowRun | None, now: float) -> Outcome:
    """Return what becomes of an open request.

    Args:
        record: of the request.
        run: its flow run; None: it has none, or it was deleted.
        now: seconds since the epoch.
    """
    if run is None or run.state is None:
        return _without_run(record, now)
    ended = run.state.type in ENDED
    if not ended and _is_late(record, now):
        return _late(now, stop_run=True)
    if not ended and record.cancelling:
        # Prefect ends it, or lets the worker do so; then the request is cancelled.
        return Outcome(record.state, now, stop_run=run.state.type is not StateType.CANCELLING)
    text = (run.state.message or "")[:MAX_MESSAGE_CHARS]
    match run.state.type:
        case StateType.COMPLETED:
            return Outcome(State.COMPLETED, now)
        case StateType.FAILED:
            return Outcome(State.FAILED, now, "flow_failed", text or "The flow run failed.")
        case StateType.CRASHED:
            return Outcome(State.FAILED, now, "flow_crashed", text or "The flow run crashed.")
        case StateType.CANCELLED if record.cancelling or not _is_late(record, now):
            return Outcome(State.CANCELLED, now)
        case StateType.CANCELLED:
            return _late(now)
        case waiting if waiting in WAITING:
            return Outcome(record.state, now)
        case _:
            started = run.start_time.timestamp() if run.start_time is not None else now
            return Outcome(State.RUNNING, started)


def _without_run(record: Record, now: float) -> Outcome:
    if record.cancelling:
        return Outcome(State.CANCELLED, now)
    if record.flow_run is not None:
        return Outcome(State.FAILED, now, "flow_deleted", "Somebody deleted its flow run.")
    if _is_late(record, now):
        return _late(now)
    return Outcome(record.state, now)


def _is_late(record: Record, now: float) -> bool:
    return record.deadline is not None and now > record.deadline


def _late(now: float, *, stop_run: bool = False) -> Outcome:
    message = "There was no answer before its deadline."
    return Outcome(State.FAILED, now, "deadline_passed", message, stop_run=stop_run)
