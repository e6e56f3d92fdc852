"""What the end of a call says of the endpoint, and whether another one may do better."""

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

from neurocortex.errors import ProviderError, ProviderRefusedError

OURS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Statuses that blame the request: each endpoint would answer so. A wrong key (401, 403) or an
unknown model (404) is the endpoint's own fault: another one may have the right ones."""


class Verdict(Enum):
    """Of one call of an endpoint."""

    GOOD = auto()
    FAILED = auto()
    PAUSED = auto()
    """It asked to be called later."""
    UNKNOWN = auto()
    """The call was the fault, or nobody waited for its end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call of an endpoint ended."""

    verdict: Verdict
    reason: str = ""
    pause_s: float = 0.0
    is_slow: bool = False
    """It did not fail: another endpoint began sooner."""


def ending_of(error: ProviderError) -> Ending:
    """Return what a failure says of the endpoint."""
    if error.status == HTTPStatus.TOO_MANY_REQUESTS and error.retry_after_s is not None:
        return Ending(Verdict.PAUSED, error.reason, error.retry_after_s)
    if is_ours(error):
        return Ending(Verdict.UNKNOWN, error.reason)
    return Ending(Verdict.FAILED, error.reason)


def is_ours(error: ProviderError) -> bool:
    """Tell whether each endpoint would refuse that."""
    return isinstance(error, ProviderRefusedError) and error.status in OURS
