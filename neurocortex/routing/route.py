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


class Length(StrEnum):
    """How long a request works, as far as its lane depends on it."""

    SHORT = "short"
    """It does not wait for a flow run to start."""
    MIDDLE = "middle"
    """It has a flow run, unless that would end after its deadline."""
    LONG = "long"
    """The real-time lane would end it."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What finished runs of an operation say about a request; None: they say nothing of that."""

    runs: int
    """It was learned from."""
    seconds: float | None = None
    """Half of such runs take longer."""
    late_s: float | None = None
    """One in ten takes longer."""
    tokens: int | None = None
    """Of language models: half of such runs use more."""
    cpu_s: float | None = None
    """Of a flow run: half of such runs take more processor time."""
    memory_mb: float | None = None
    """Of a flow run: one in ten takes more memory."""
    storage_mb: float | None = None
    """Of a flow run: one in ten writes more to disks."""
    length: Length | None = None


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
