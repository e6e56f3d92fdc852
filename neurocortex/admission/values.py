"""What is asked of the admission, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.routing.route import Lane


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request's place in a queue. Whoever has it releases it."""

    id: UUID
    """The request's."""
    lane: Lane
    tier: Tier
    tenant: str
    estimate_s: float
    """Processing time that it is expected to take, in seconds."""
    deadline: float | None = None
    """When its answer is of no use any more, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """What is appended to a Redis Stream when, and only when, a request is let in."""

    stream: str
    """The stream's key, without the namespace of the admission."""
    fields: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request is let in."""

    position: int
    """Of those that wait for the same; 0: it starts at once, as far as is known."""
    expected_start_s: float
    """Seconds until it starts, by how fast others started lately."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """How busy the machine of a gateway is, as shares of what it has."""

    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """One queue at one moment."""

    held: int
    bound: int
    starts_per_s: float | None
    """How fast its requests started (standard) or ended (real-time) lately; None: never yet."""
    expected_start_s: float
    """Seconds until one that is let in now would start."""
    shed_for_s: float
    """Refused for the load for so many seconds more; 0: it is not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All queues at one moment."""

    realtime: Mapping[Tier, QueueStanding]
    """One bound for all four; `held` is each tier's own."""
    standard: Mapping[Tier, QueueStanding]
