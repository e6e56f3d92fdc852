"""What the router decides, and from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate


class Lane(StrEnum):
    """The two ways in which a request is served."""

    REALTIME = "realtime"
    """By a process that is up already, within milliseconds; the caller waits."""
    STANDARD = "standard"
    """As a Prefect flow run of its own."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as far as the route depends on it."""

    tenant: str
    role: str
    tier_ceiling: Tier
    """The most urgent tier the role may use."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the lanes are."""

    starts_s: Mapping[Tier, float] = field(default_factory=dict)
    """Seconds until a request that is accepted now would start in the standard lane, by tier."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a route is as it is, for people."""

    rule: str
    """Name of the rule that decided."""
    text: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request is served."""

    lane: Lane
    tier: Tier
    estimate: Estimate
    deadline: float | None
    """When the caller stops to wait, in seconds since the epoch."""
    reasons: tuple[Reason, ...]
    """In the order in which the rules spoke."""
