"""Errors as problem documents (RFC 9457): a status, a stable code, what is wrong and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

import orjson
from starlette.responses import Response

from neurocortex.errors import (
    AdmissionError,
    ConnectorError,
    DeadlineImpossibleError,
    InvalidRequestError,
    NeuroCortexError,
    RateLimitedError,
    RemoteError,
    UnauthenticatedError,
)
from neurocortex.gateway.statuses import code_of, status_of, status_of_code

MEDIA_TYPE: Final = "application/problem+json"

INTERNAL: Final = "internal"

UNREAD: Final = frozenset({408, 413})
"""The rest of these calls' bodies is not read: their connections are of no use any more."""

RETRY_AFTER_S: Final = 1.0
"""What a client is told when a neighbour of ours does not answer, and does not say when it will:
most are back in a second."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told of an error."""

    status: int
    """Of HTTP."""
    code: str
    """Stable: programs may tell errors apart by it."""
    detail: str
    """For people."""
    retry_after_s: float | None = None
    """None: the same request would fail again, or nobody knows when not."""
    challenge: str | None = None
    """The header WWW-Authenticate, of a 401."""
    more: Mapping[str, object] | None = None
    """Further members of the document, as JSON values."""

    def document(self) -> dict[str, object]:
        """Return the document's members."""
        found: dict[str, object] = {
            "type": f"urn:neurocortex:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **(self.more or {}),
        }
        if self.retry_after_s is not None:
            found["retry_after_s"] = round(self.retry_after_s, 3)
        return found

    def headers(self) -> dict[str, str]:
        """Return the headers that say the same to clients that read no body."""
        found: dict[str, str] = {}
        if self.retry_after_s is not None:
            found["Retry-After"] = str(max(1, ceil(self.retry_after_s)))
        if self.challenge is not None:
            found["WWW-Authenticate"] = self.challenge
        if self.status in UNREAD:
            found["Connection"] = "close"
        return found

    def json(self) -> bytes:
        """Return the document as JSON."""
        return orjson.dumps(self.document(), default=str)

    def response(self) -> Response:
        """Return the document as an answer."""
        return Response(self.json(), self.status, headers=self.headers(), media_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return what a client is told of an error; of one that is not ours, nothing but that it is."""
    if not isinstance(error, NeuroCortexError):
        return Problem(500, INTERNAL, "Something went wrong here. The log says more, by the id.")
    if isinstance(error, RemoteError):
        return Problem(status_of_code(error.code), error.code, str(error), error.retry_after_s)
    more: dict[str, object] = {}
    if isinstance(error, InvalidRequestError):
        more["problems"] = [{"place": place, "reason": why} for place, why in error.problems]
    if isinstance(error, (AdmissionError, RateLimitedError)) and error.limit is not None:
        more["limit"] = error.limit
    if isinstance(error, DeadlineImpossibleError):
        more |= {"start_s": error.start_s, "takes_s": error.takes_s}
    return Problem(
        status_of(type(error)),
        code_of(type(error)),
        str(error),
        _retry_after_s(error),
        error.challenge if isinstance(error, UnauthenticatedError) else None,
        more,
    )


def _retry_after_s(error: NeuroCortexError) -> float | None:
    found = getattr(error, "retry_after_s", None)
    if isinstance(found, float | int):
        return found
    return RETRY_AFTER_S if isinstance(error, ConnectorError) else None
