"""How many may wait, and when the load is too high."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from neurocortex.domain.deployments import Tier
from neurocortex.routing.route import Lane
from neurocortex.settings import AdmissionSettings

QUEUES: Final = {Tier.CRITICAL: 1000, Tier.HIGH: 1000, Tier.MEDIUM: 5000, Tier.LOW: 10000}


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of all queues. Every gateway of a platform has the same."""

    queues: Mapping[Tier, int] = field(default_factory=lambda: dict(QUEUES))
    """Requests of the standard lane that were accepted and have not started, at most."""
    realtime_concurrency: int = 100
    """Requests of the real-time lane that are worked on at once,"""
    realtime_buffer: int = 1000
    """and that wait for it."""
    tenant_share: float = 0.5
    """Of each of these bounds, for one tenant."""
    shed_above: float = 0.85
    """Share of processor, memory or a queue above which lower tiers are refused; 1: never."""
    shed_for_s: float = 30.0
    """They are let in again when the load was below for so long."""
    place_s: float = 60.0
    """A place that nobody releases or renews for so long ends: its holder has died."""

    @classmethod
    def of(cls, settings: AdmissionSettings) -> "Limits":
        """Return the limits that the settings say."""
        return cls(
            queues={
                Tier.CRITICAL: settings.critical_queue,
                Tier.HIGH: settings.high_queue,
                Tier.MEDIUM: settings.medium_queue,
                Tier.LOW: settings.low_queue,
            },
            realtime_concurrency=settings.realtime_concurrency,
            realtime_buffer=settings.realtime_buffer,
            tenant_share=settings.tenant_share,
            shed_above=settings.shed_above,
            shed_for_s=settings.shed_for_s,
            place_s=settings.place_s,
        )

    def bound(self, lane: Lane, tier: Tier) -> int:
        """Return how many requests a queue holds; the real-time lane has one for all tiers."""
        if lane is Lane.REALTIME:
            return self.realtime_concurrency + self.realtime_buffer
        return self.queues[tier]

    def tenant_bound(self, lane: Lane, tier: Tier) -> int:
        """Return how many of them may be one tenant's."""
        return max(1, int(self.bound(lane, tier) * self.tenant_share))

    def servers(self, lane: Lane) -> int:
        """Return how many places of a queue are served at once, so that they do not wait."""
        return self.realtime_concurrency if lane is Lane.REALTIME else 0
