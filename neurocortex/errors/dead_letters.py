"""Runs that failed for good."""

from uuid import UUID

from neurocortex.errors.base import NeuroCortexError


class DeadLetterError(NeuroCortexError):
    """A run that failed for good cannot be shown or replayed."""

    def __init__(self, flow_run: UUID, message: str) -> None:
        super().__init__(message)
        self.flow_run = flow_run


class DeadLetterNotFoundError(DeadLetterError):
    """No dead letter of that run."""

    def __init__(self, flow_run: UUID) -> None:
        super().__init__(
            flow_run,
            f"There is no dead letter of the run {flow_run}: it did not fail for good, or too long"
            " ago. `neurocortex dead list` shows them.",
        )


class NotReplayableError(DeadLetterError):
    """What a replay needs is gone from Prefect, or the run is not dead any more."""

    def __init__(self, flow_run: UUID, reason: str) -> None:
        super().__init__(flow_run, f"The run {flow_run} cannot be replayed: {reason}")
        self.reason = reason
