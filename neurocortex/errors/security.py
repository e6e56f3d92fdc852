"""Who asks, and what they may."""

import math

from neurocortex.errors.base import NeuroCortexError


class AccessError(NeuroCortexError):
    """A request is refused for who makes it. The text may be shown to whoever asked."""


class UnauthenticatedError(AccessError):
    """No credential, or one that is not valid: 401 in HTTP.

    `challenge` is the header WWW-Authenticate of the answer (RFC 6750).
    """

    def __init__(self, reason: str, *, given: bool = True) -> None:
        """Say why; `given`: there was a credential."""
        super().__init__(reason)
        self.challenge = 'Bearer realm="neurocortex"'
        if given:
            self.challenge += f', error="invalid_token", error_description="{reason}"'


class WrongCredentialError(UnauthenticatedError):
    """A credential that proves nothing, as a guess would. It counts towards a lock."""


class ForbiddenError(AccessError):
    """The credential is good, but not for that: 403 in HTTP. `lacks` names what is missing."""

    def __init__(self, reason: str, lacks: str) -> None:
        super().__init__(reason)
        self.lacks = lacks


class LockedOutError(AccessError):
    """Too many wrong credentials came from there: 429 in HTTP."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            "Too many wrong credentials from this address;"
            f" try again in {math.ceil(retry_after_s)} s."
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(AccessError):
    """More requests than allowed: 429 in HTTP. `limit` is the rate that was met, per second."""

    def __init__(self, whose: str, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The limit of {whose} is {limit:g} requests/s; try again in {retry_after_s:.3f} s."
        )
        self.whose = whose
        self.limit = limit
        self.retry_after_s = retry_after_s


class ApiKeyError(NeuroCortexError):
    """An API key cannot be made as asked."""


class ApiKeyNotFoundError(ApiKeyError):
    """No API key with that public id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"There is no API key {key_id!r}. `neurocortex keys list` shows their ids."
        )
        self.key_id = key_id
