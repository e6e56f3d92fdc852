"""What clients are told of a failure, and which failures are the platform's own."""

import re
from typing import Final

from neurocortex.errors import (
    ConnectorError,
    DeadlinePassedError,
    LaneTimeoutError,
    NeuroCortexError,
    ProviderRefusedError,
    RequestError,
)
from neurocortex.realtime.answers import Failure

INTERNAL: Final = "internal"
"""Code of an error that nobody foresaw."""

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def code_of(error: BaseException) -> str:
    """Return the stable code of an error: its own, or its class's name.

    >>> code_of(TimeoutError())
    'timeout'
    >>> from neurocortex.errors import CollectionNotFoundError
    >>> code_of(CollectionNotFoundError("papers", ()))
    'collection_not_found'
    """
    if isinstance(error, RequestError):
        return error.code
    if isinstance(error, TimeoutError):
        return LaneTimeoutError.code
    if isinstance(error, NeuroCortexError):
        return _WORD.sub("_", type(error).__name__.removesuffix("Error")).lower()
    return INTERNAL


def failure_of(error: BaseException, operation: str) -> Failure:
    """Return what the client is told.

    The text of an error that is not ours may hold anything: it stays in the log and the dead
    letters.
    """
    if isinstance(error, NeuroCortexError | TimeoutError):
        return Failure(code_of(error), str(error), getattr(error, "retry_after_s", None))
    return Failure(
        code_of(error),
        f"The operation {operation} failed with {type(error).__name__}; the lane's log has more.",
    )


def is_for_good(error: BaseException) -> bool:
    """Return whether a failure is one to look into, and no mistake of who asked.

    Every error of ours but these says what the client has to put right: a neighbour that fails, a
    refused provider included, and a request that took too long or ended its process.
    """
    if isinstance(error, DeadlinePassedError):
        return False
    if isinstance(error, ConnectorError | ProviderRefusedError | TimeoutError | LaneTimeoutError):
        return True
    return not isinstance(error, NeuroCortexError) or code_of(error) == "given_up"
