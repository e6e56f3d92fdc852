"""An API key as it is kept: whose it is, what it may do, and until when; never its text."""

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from neurocortex.domain.strict import Strict
from neurocortex.domain.work import TENANT_NAME
from neurocortex.errors import ApiKeyError
from neurocortex.security.roles import SCOPES, Role, Scope

TENANT: Final = re.compile(TENANT_NAME)

NAME_CHARS: Final = 200

Tenant = Annotated[str, StringConstraints(pattern=TENANT_NAME)]
Status = Literal["active", "expired", "revoked"]


class KeyGrant(Strict):
    """What a new key is to allow."""

    tenant: Tenant
    role: Role
    scopes: frozenset[Scope]
    """Of the role's, those it may use."""
    name: str = Field("", max_length=NAME_CHARS)
    """What people call it."""
    expires_at: AwareDatetime | None = None


class ApiKey(KeyGrant):
    """A key that was made."""

    id: str
    """Its public part."""
    digest: bytes = Field(repr=False)
    """SHA-256 of its text."""
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None

    def status(self, now: datetime) -> Status:
        """Return whether it can be used."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


def narrowed(role: Role, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Return the scopes of a new key: those asked for, or without any all of its role.

    Raises:
        ApiKeyError: the role does not have one that was asked for.
    """
    beyond = sorted(scopes - SCOPES[role])
    if beyond:
        raise ApiKeyError(
            f"The role {role} has no scope {', '.join(beyond)}."
            f" It has: {', '.join(sorted(SCOPES[role]))}."
        )
    return scopes or SCOPES[role]
