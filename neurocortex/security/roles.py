"""Roles, what each may do, and the most urgent tier each may use. Pure rules.

Role-based access control after Ferraiolo and Kuhn (1992): a credential has one role, a role has
scopes, and each role has all scopes of the one before it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from neurocortex.domain.deployments import Tier


class Role(StrEnum):
    """The roles, the least powerful first."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"


DEFAULT_ROLE: Final = Role.READER
"""Of a credential that names none."""


class Scope(StrEnum):
    """What can be allowed, within the credential's own tenant."""

    ANSWERS_READ = "answers:read"
    """Ask questions. Nothing is changed by them."""
    REQUESTS_READ = "requests:read"
    """See requests, their progress and their results."""
    REQUESTS_WRITE = "requests:write"
    """Start work that changes something, and cancel it."""
    BATCHES_WRITE = "batches:write"
    """Start many requests at once."""
    EVENTS_WRITE = "events:write"
    """Publish events."""
    METRICS_READ = "metrics:read"
    """See the figures of the whole platform."""
    KEYS_ADMIN = "keys:admin"
    """Make, list and revoke API keys."""


_READER: Final = frozenset({Scope.ANSWERS_READ, Scope.REQUESTS_READ})
_OPERATOR: Final = _READER | {
    Scope.REQUESTS_WRITE,
    Scope.BATCHES_WRITE,
    Scope.EVENTS_WRITE,
    Scope.METRICS_READ,
}

SCOPES: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {Role.READER: _READER, Role.OPERATOR: _OPERATOR, Role.ADMIN: _OPERATOR | {Scope.KEYS_ADMIN}}
)
"""What each role may do."""

Ceilings = Mapping[Role, Tier]
"""The most urgent tier each role may use."""


def is_within(tier: Tier, ceiling: Tier) -> bool:
    """Tell whether a tier is no more urgent than another."""
    urgent_first = list(Tier)
    return urgent_first.index(tier) >= urgent_first.index(ceiling)


def exceeds(role: Role, highest: Role) -> bool:
    """Tell whether a role is more powerful than another."""
    weakest_first = list(Role)
    return weakest_first.index(role) > weakest_first.index(highest)
