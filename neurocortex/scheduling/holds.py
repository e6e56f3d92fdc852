"""Why a run is not started now."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The rule that holds a run back, the most general first."""

    NO_SLOT = "no slot"
    """All slots are in use, everywhere or on this worker."""
    CRITICAL_RESERVE = "critical reserve"
    """The slots that are left are critical's own."""
    TIER_LIMIT = "tier limit"
    """Its tier has as many slots as it may have."""
    NEVER_FITS = "never fits"
    """It needs more than this worker has altogether."""
    DEPLOYMENT_LIMIT = "deployment limit"
    """As many runs of its deployment run as may."""
    RESOURCES = "resources"
    """It needs more than is free on this worker."""
    KEPT = "kept for an aged run"
    """What it needs is free, but kept for a run that has waited too long."""
    TURN = "turn"
    """Nothing but others whose turn is before."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds one run back."""

    reason: Reason
    text: str
    """The same for a person, with the figures."""
