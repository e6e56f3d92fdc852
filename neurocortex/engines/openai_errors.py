"""What the OpenAI client raises, as errors of ours."""

from typing import Final

from openai import (
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


def translated(provider: str, error: OpenAIError) -> ProviderError:
    """Return the error to raise in place of the client's."""
    kind = ProviderRefusedError if isinstance(error, REFUSALS) else ProviderError
    return kind(provider, f"{type(error).__name__}: {error}")
