"""What the claims of a verified token mean here: tenant, role, scopes. Pure rules.

A claim that is missing gives the least (the role reader); one that says something unknown or too
much is refused, with the reason: nobody gets more than was meant, or less without being told.
"""

from collections.abc import Mapping
from typing import Final

from neurocortex.errors import ForbiddenError
from neurocortex.security.api_key import TENANT
from neurocortex.security.issuers import Issuer
from neurocortex.security.roles import DEFAULT_ROLE, SCOPES, Role, Scope, exceeds

Claims = Mapping[str, object]

SHOWN_CHARS: Final = 60
"""Of a value in a message."""


def tenant_of(claims: Claims, issuer: Issuer) -> str:
    """Return the tenant.

    Raises:
        ForbiddenError: none is named, or it is no name.
    """
    found = _claim(claims, issuer.tenant_claim)
    if not isinstance(found, str) or TENANT.fullmatch(found) is None:
        raise ForbiddenError(
            f"The token's claim {issuer.tenant_claim} names no tenant"
            f" ({TENANT.pattern}): {_shown(found)}.",
            "tenant",
        )
    return found


def role_of(claims: Claims, issuer: Issuer) -> Role:
    """Return the role; of several the most powerful, as the issuer gave them all.

    Raises:
        ForbiddenError: none of those named is known, or one is beyond the issuer's highest.
    """
    found = _claim(claims, issuer.role_claim)
    if found is None:
        return DEFAULT_ROLE
    named = found if isinstance(found, list) else [found]
    # A list may hold roles for other programs as well, a single name is meant for us.
    known = [role for role in Role if role.value in named]
    if not known:
        raise ForbiddenError(
            f"The token's claim {issuer.role_claim} names no role ({', '.join(Role)}):"
            f" {_shown(found)}.",
            "role",
        )
    if exceeds(role := known[-1], issuer.highest_role):
        raise ForbiddenError(
            f"The issuer may not give the role {role}: its highest_role is {issuer.highest_role}.",
            "role",
        )
    return role


def scopes_of(claims: Claims, issuer: Issuer, role: Role) -> frozenset[Scope]:
    """Return the scopes: all of the role, or those of them that the claim lists (RFC 8693, 4.2)."""
    if issuer.scope_claim is None:
        return SCOPES[role]
    found = _claim(claims, issuer.scope_claim)
    listed = found.split() if isinstance(found, str) else found
    named = listed if isinstance(listed, list) else []
    return frozenset(scope for scope in SCOPES[role] if scope.value in named)


def _claim(claims: Claims, name: str) -> object:
    """Return a claim by its name, or by its path; names that are URLs have dots in them."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."
