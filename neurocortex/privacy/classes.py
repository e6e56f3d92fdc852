"""Classes of data: how each is protected by default, and who may see it in clear. Pure rules.

The classes are those of most companies' policies (ISO/IEC 27001, control 5.12).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from neurocortex.errors import RevealForbiddenError
from neurocortex.privacy.policies import STABLE, Action
from neurocortex.security.roles import Role, exceeds


class DataClass(StrEnum):
    """How much harm it does when others read it, the least first."""

    PUBLIC = "public"
    """Anybody may have it."""
    INTERNAL = "internal"
    """Anybody with a credential of the tenant."""
    PERSONAL = "personal"
    """It is about a person who can be told from others (GDPR, article 4)."""
    SECRET = "secret"  # noqa: S105 - a class, no password
    """Credentials, card numbers, health: harm is certain."""


class Rule(NamedTuple):
    """What follows from a class."""

    action: Action
    """What is done to a value before it is stored, where nothing else is said."""
    may_read: Role
    """The least powerful role that may see it in clear."""


RULES: Final[Mapping[DataClass, Rule]] = MappingProxyType(
    {
        DataClass.PUBLIC: Rule(Action.KEEP, Role.READER),
        DataClass.INTERNAL: Rule(Action.KEEP, Role.READER),
        DataClass.PERSONAL: Rule(Action.ENCRYPT, Role.OPERATOR),
        DataClass.SECRET: Rule(Action.ENCRYPT, Role.ADMIN),
    }
)


def action_of(policy: Action | DataClass) -> Action:
    """Return what a policy does to a value: said outright, or by the class of its data."""
    return RULES[policy].action if isinstance(policy, DataClass) else policy


def suits_key(policy: Action | DataClass) -> bool:
    """Tell whether a column that is part of a key may be treated so."""
    return action_of(policy) in STABLE


def require(role: Role, data_class: DataClass) -> None:
    """Check that a role may see data of a class in clear.

    Raises:
        RevealForbiddenError: it may not.
    """
    needed = RULES[data_class].may_read
    if exceeds(needed, role):
        raise RevealForbiddenError(role, f"{data_class} data", needed)
