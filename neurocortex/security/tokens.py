"""Tokens: JSON Web Tokens (RFC 7519) of the configured issuers, verified as RFC 8725 asks."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import jwt

from neurocortex.errors import UnauthenticatedError, WrongCredentialError
from neurocortex.security.claims import Claims, role_of, scopes_of, tenant_of
from neurocortex.security.credentials import PresentedToken
from neurocortex.security.issuers import Issuer
from neurocortex.security.key_sets import KeySet, VerifyingKey
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Ceilings

REQUIRED: Final = ["iss", "aud", "sub", "exp", "iat"]
"""Without `iat` nobody could tell how long a session lasts already."""

NOT_VALID: Final = "The token is not valid."

FAR: Final = 2**53
"""Seconds: after any time that can be meant."""

_REASONS: Final[tuple[tuple[type[jwt.PyJWTError], str], ...]] = (
    (jwt.ExpiredSignatureError, "The token has expired."),
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidAudienceError, "The token is meant for another audience."),
    (jwt.MissingRequiredClaimError, f"The token lacks one of {', '.join(REQUIRED)}."),
)
"""What may be said, as the signature was right: PyJWT looks at it first."""


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer and where its keys come from."""

    issuer: Issuer
    keys: KeySet


class JwtVerifier:
    """Verifies tokens. Only what an issuer's own entry allows counts, never a token's header."""

    def __init__(
        self,
        issuers: Mapping[str, TrustedIssuer],
        ceilings: Ceilings,
        session_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Trust issuers, by their names; a token is good for `session_s` after it was issued."""
        self._issuers = issuers
        self._ceilings = ceilings
        self._session_s = session_s
        self._clock = clock

    async def verify(self, token: PresentedToken) -> Principal:
        """Return who shows a token.

        Raises:
            WrongCredentialError: it is not signed by a key of a trusted issuer.
            UnauthenticatedError: it is, but is not valid now, or here.
            ForbiddenError: its claims name no tenant, or a role it cannot have.
            IssuerUnavailableError: the issuer's keys cannot be read.
        """
        trusted = self._issuers.get(token.issuer)
        if trusted is None or token.algorithm not in trusted.issuer.algorithms:
            raise WrongCredentialError(NOT_VALID)
        issuer = trusted.issuer
        key = await trusted.keys.find(token.kid, token.algorithm)
        if key is None:
            # An issuer that has just changed its keys does this to right tokens: no guess.
            raise UnauthenticatedError("The token's key is not one of its issuer's.")
        claims = _verified(token, key, issuer)
        expires_at = min(_seconds(claims, "exp"), _seconds(claims, "iat") + self._session_s)
        if self._clock() >= expires_at + issuer.leeway_s:
            raise UnauthenticatedError("The session is over: sign in again.")
        role = role_of(claims, issuer)
        return Principal(
            subject=token.subject,
            tenant=tenant_of(claims, issuer),
            role=role,
            scopes=scopes_of(claims, issuer, role),
            ceiling=self._ceilings[role],
            issuer=issuer.issuer,
            expires_at=expires_at + issuer.leeway_s,
        )


def _verified(token: PresentedToken, key: VerifyingKey, issuer: Issuer) -> Claims:
    try:
        claims: Claims = jwt.decode(
            token.text,
            key,
            algorithms=[token.algorithm],  # the key is of this algorithm's kind: see KeySet
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=issuer.leeway_s,
            options={"require": REQUIRED, "enforce_minimum_key_length": True},
        )
    except jwt.PyJWTError as error:
        for kind, reason in _REASONS:
            if isinstance(error, kind):
                raise UnauthenticatedError(reason) from None
        raise WrongCredentialError(NOT_VALID) from None
    return claims


def _seconds(claims: Claims, name: str) -> float:
    """Return a time that PyJWT has found to be a number, perhaps an absurd one."""
    found = claims[name]
    return float(min(int(found), FAR)) if isinstance(found, int | float | str) else 0.0
