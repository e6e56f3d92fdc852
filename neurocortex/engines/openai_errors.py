"""What the OpenAI client raises, as errors of ours."""

import time
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Final

from openai import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    UnprocessableEntityError,
)

from neurocortex.errors import ProviderError, ProviderRefusedError

REFUSALS: Final = (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableEntityError,
)
"""Status 400, 401, 403, 404 and 422. The others (timeouts, 429, 5xx) may pass."""


UNSENT: Final = frozenset({"ConnectError", "ConnectTimeout"})
"""Why the client had no connection: by name, as versions of it stand on httpx or on httpx2."""

FAILURES: Final = (OpenAIError, JSONDecodeError)
"""All that the client raises: what is no JSON within a stream it lets through."""


def translated(provider: str, error: OpenAIError | JSONDecodeError) -> ProviderError:
    """Return the error to raise in place of the client's."""
    kind = ProviderRefusedError if isinstance(error, REFUSALS) else ProviderError
    reason = f"{type(error).__name__}: {error}"
    if not isinstance(error, APIStatusError):
        return kind(provider, reason, was_sent=type(error.__cause__).__name__ not in UNSENT)
    return kind(
        provider,
        reason,
        status=error.status_code,
        retry_after_s=_retry_after_s(error.response.headers.get("retry-after")),
    )


def _retry_after_s(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass  # it is a date, then
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
