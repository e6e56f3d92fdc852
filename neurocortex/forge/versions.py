"""A version of a model: as the registry lists it, and in memory."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from neurocortex.errors import ModelMemoryError
from neurocortex.forge.card import Card

CHAMPION: Final = "champion"
"""Alias of the version that serves."""
CHALLENGER: Final = "challenger"
"""Alias of the newest version that does not."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model, as lists show it."""

    model: str
    number: int
    aliases: tuple[str, ...]
    registered_at: datetime
    digest: str
    """SHA-256 of the artifact."""
    run: str
    """MLflow's run that holds the artifact and the card."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory."""

    version: Version
    card: Card
    model: Any
    """A fitted scikit-learn pipeline."""
    size: int
    """Bytes of its parts, unpacked."""


def require_room(version: Version, size: int, max_bytes: int | None) -> None:
    """Check that a version is no larger than it may be.

    Raises:
        ModelMemoryError: it is.
    """
    if max_bytes is not None and size > max_bytes:
        raise ModelMemoryError(
            version.model,
            f"version {version.number} takes {size:,} bytes, and may have {max_bytes:,}",
        )
