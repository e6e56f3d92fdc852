"""A credential as it comes in a header, read and not yet verified. Nothing of it is to be trusted.

Authorization: Bearer nc_...        an API key
Authorization: Bearer eyJ...        a token
X-API-Key: nc_...                   an API key
"""

from dataclasses import dataclass
from typing import Final

import jwt

from neurocortex.errors import UnauthenticatedError
from neurocortex.security.keys import PresentedKey, looks_like_key, read_key

MAX_CHARS: Final = 8192
"""Of the header: tokens with many claims take 2,000."""

SCHEME: Final = "bearer"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as somebody shows it. All but its text is what it claims."""

    text: str
    algorithm: str
    kid: str | None
    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Neither an API key nor a token."""

    reason: str


Credential = PresentedKey | PresentedToken | Unreadable


def read_credential(header: str) -> Credential:
    """Return what a header presents.

    Raises:
        UnauthenticatedError: nothing is presented.
    """
    if len(header) > MAX_CHARS:
        return Unreadable("The credential is too long.")
    scheme, _, rest = header.strip().partition(" ")
    text = rest.strip() if scheme.lower() == SCHEME else header.strip()
    if not text or text.lower() == SCHEME:
        raise UnauthenticatedError(
            "Give an API key or a token: Authorization: Bearer ...", given=False
        )
    if looks_like_key(text):
        return read_key(text) or Unreadable("The API key is mistyped or cut off.")
    return _read_token(text)


def identity_of(credential: Credential) -> str:
    """Return what failures of a credential are counted by: what it claims to be."""
    match credential:
        case PresentedKey(id=key_id):
            return f"key {key_id}"
        case PresentedToken(issuer=issuer, subject=subject):
            return f"token {issuer} {subject}"
        case Unreadable():
            return "unreadable"


def _read_token(text: str) -> PresentedToken | Unreadable:
    """Read what says how to verify a token: a signed one, in compact form (RFC 7515)."""
    try:
        found = jwt.decode_complete(text, options={"verify_signature": False})
    except jwt.PyJWTError:
        return Unreadable("The credential is neither an API key nor a signed token.")
    header, claims = found["header"], found["payload"]
    if header.keys() & {"crit", "b64"}:
        # Extensions that must be understood (RFC 7515, 4.1.11): none is needed here.
        return Unreadable("The token needs extensions that are not supported.")
    algorithm, kid = header.get("alg"), header.get("kid")
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(algorithm, str) and isinstance(issuer, str) and isinstance(subject, str)):
        return Unreadable("The token has no alg, no iss or no sub.")
    return PresentedToken(text, algorithm, kid if isinstance(kid, str) else None, issuer, subject)
