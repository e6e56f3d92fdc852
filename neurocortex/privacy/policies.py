"""What is done to personal data, by the kind of data. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from neurocortex.privacy.entities import INDIRECT, Entity


class Action(StrEnum):
    """What is done to a value."""

    REDACT = "redact"
    """The kind of data stands in its place: `<PERSON>`. Nobody gets it back."""
    MASK = "mask"
    """Its last four letters and digits stay, for the others stands `*`: `************1111`."""
    HASH = "hash"
    """A pseudonym stands in its place: the same for the same value, so that rows can be joined."""
    ENCRYPT = "encrypt"
    """It is encrypted; a role that may can have it decrypted."""
    SCAN = "scan"
    """Personal data that is found inside of it is redacted, the rest of the text stays."""
    KEEP = "keep"
    """It stays as it is."""


STABLE: Final = frozenset({Action.HASH, Action.KEEP})
"""Equal values stay equal and others stay different: a key may be treated so, and not otherwise."""


@dataclass(frozen=True, slots=True)
class TextPolicy:
    """What is done to each kind of personal data in a text."""

    default: Action
    """To kinds that are not named."""
    of: Mapping[Entity, Action]
    """To those that are."""

    def action(self, entity: Entity) -> Action:
        """Return what is done to an entity."""
        return self.of.get(entity, self.default)


_KEEP_INDIRECT: Final = MappingProxyType(dict.fromkeys(sorted(INDIRECT), Action.KEEP))


def text_policy(action: Action, *, indirect: bool) -> TextPolicy:
    """Return the policy that does the same to all personal data.

    Args:
        action: what is done.
        indirect: to what names nobody by itself, too: places, dates, organisations, ages.
    """
    return TextPolicy(action, {} if indirect else _KEEP_INDIRECT)
