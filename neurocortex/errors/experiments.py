"""Experiments."""

from collections.abc import Sequence
from uuid import UUID

from neurocortex.errors.base import NeuroCortexError


class ExperimentError(NeuroCortexError):
    """An experiment cannot be started, found or stopped. `experiment`: its name."""

    def __init__(self, experiment: str, message: str) -> None:
        super().__init__(message)
        self.experiment = experiment


class ExperimentSpecError(ExperimentError):
    """It varies something that requests of the operation do not have."""

    def __init__(self, experiment: str, reason: str) -> None:
        super().__init__(experiment, f"The experiment {experiment} cannot be started: {reason}.")
        self.reason = reason


class ExperimentRunningError(ExperimentError):
    """Another experiment is made with the same operation: a request is in one at most."""

    def __init__(self, experiment: str, operation: str, other: str) -> None:
        super().__init__(
            experiment,
            f"The experiment {other} runs with the operation {operation} already. See it with"
            f" neurocortex experiments show {other}, and end it with neurocortex experiments stop"
            f" {other}.",
        )
        self.other = other


class ExperimentNotFoundError(ExperimentError):
    """There is none of that name."""

    def __init__(self, experiment: str, known: Sequence[str]) -> None:
        there = ", ".join(known) or "none; start one: neurocortex experiments start FILE"
        super().__init__(experiment, f"There is no experiment {experiment!r}. There are: {there}.")


class ExperimentEndedError(ExperimentError):
    """It has ended already."""

    def __init__(self, experiment: str, reason: str) -> None:
        super().__init__(experiment, f"The experiment {experiment} has ended: {reason}.")


class ExperimentApplyError(ExperimentError):
    """No variant of it can be applied, or none that is could be withdrawn."""

    def __init__(self, experiment: str, reason: str) -> None:
        super().__init__(experiment, f"The experiment {experiment}: {reason}.")
        self.reason = reason


class NotInterleavedError(ExperimentError):
    """No experiment interleaved the answer to a request of that tenant. `request`: its id."""

    def __init__(self, request: UUID) -> None:
        super().__init__(
            "",
            f"No experiment of this tenant picked the passages of the request {request} from two"
            " rankings. Say how good its answer was with `score` in place of `used`.",
        )
        self.request = request
