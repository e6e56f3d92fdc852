"""What the tiers are entitled to: the figures of the settings as the rules use them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from neurocortex.domain.deployments import Tier
from neurocortex.settings import SchedulingSettings, TierSettings

ROUNDING = 1e-9
"""What is this near a whole slot is one: 0.1 × 30 slots are 3, not 4."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the tiers share the slots of all workers."""

    weights: Mapping[Tier, float]
    """Shares of served cost, against each other; all above 0."""
    ceilings: Mapping[Tier, int]
    """Runs at once, however idle the other tiers are."""
    critical_reserve: float
    """Share of the slots that only critical may take, 0 to below 1."""
    max_waits: Mapping[Tier, float]
    """Seconds after which a run has aged."""
    contended_above: float
    """Share of slots in use above which lent slots are reclaimed."""

    @classmethod
    def of(cls, tiers: TierSettings, scheduling: SchedulingSettings) -> "Policy":
        """Return the policy of these settings.

        Critical has no longest wait of its own and takes that of high, so that a critical run of
        low priority is not passed for ever by its tenant's others.
        """
        return cls(
            weights={
                Tier.CRITICAL: scheduling.critical_weight,
                Tier.HIGH: scheduling.high_weight,
                Tier.MEDIUM: scheduling.medium_weight,
                Tier.LOW: scheduling.low_weight,
            },
            ceilings={
                Tier.CRITICAL: tiers.critical,
                Tier.HIGH: tiers.high,
                Tier.MEDIUM: tiers.medium,
                Tier.LOW: tiers.low,
            },
            critical_reserve=scheduling.critical_reserve,
            max_waits={
                Tier.CRITICAL: scheduling.high_wait_s,
                Tier.HIGH: scheduling.high_wait_s,
                Tier.MEDIUM: scheduling.medium_wait_s,
                Tier.LOW: scheduling.low_wait_s,
            },
            contended_above=scheduling.contended_above,
        )

    def reserve(self, slots: int) -> int:
        """Return how many of all slots only critical may take: never all of them."""
        if slots <= 1:
            return 0
        return min(math.ceil(self.critical_reserve * slots - ROUNDING), slots - 1)

    @property
    def aged_weight(self) -> float:
        """Weight of the aged runs' own turn: the lightest tier's.

        No heavier, or the aged runs of that tier could take more than its share and the shares
        would no longer hold while everybody waits too long.
        """
        return min(self.weights.values())
