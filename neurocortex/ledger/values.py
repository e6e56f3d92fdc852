"""What goes into the ledger and what comes out: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Resources


@dataclass(frozen=True, slots=True)
class WorkerOffer:
    """What one worker has to share out."""

    name: str
    """Of this process alone: a worker that starts again takes another name, so that nothing of
    its former life is kept alive by it."""
    slots: int
    """Flow runs at once."""
    offered: Resources
    lease_s: float
    """So long after its last sign of life its leases are up."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one worker to run one work, until the worker stops giving signs of life."""

    work: UUID
    """The flow run's id."""
    worker: str
    tier: Tier
    tenant: str
    deployment: UUID | None
    needs: Resources
    """What it holds."""
    cost: float
    """Estimated cpu-seconds."""
    charges: tuple[Charge, ...]
    """What its start added to accounts of fair share."""
    grant: UUID
    """Of this acquisition; restoring it keeps it."""
    token: int
    """Fencing token: the later of two leases has the larger one, also when Redis lost its data
    in between (Kleppmann, "How to do distributed locking", 2016)."""
    granted: float
    """When it was acquired, in seconds since the epoch, by the clock of Redis."""
    expires: float
    """Until when it holds without another sign of life; seconds since the epoch."""


class Reason(StrEnum):
    """Why a lease was refused."""

    LEASED = "leased"
    """Somebody holds the work."""
    HANDED_OVER = "handed_over"
    """The lease ended for lack of a sign of life, and its run was given to a reconciler."""
    RELEASED = "released"
    """The lease was released: there is nothing to restore."""
    LOST = "lost"
    """The ledger was lost a moment ago: who holds what is not yet known again."""
    NOT_JOINED = "not_joined"
    """The worker is unknown, or gave no sign of life in time."""
    TIER_LIMIT = "tier_limit"
    DEPLOYMENT_LIMIT = "deployment_limit"
    RESERVE = "reserve"
    """What is free is kept for critical work."""
    SLOTS = "slots"
    """The worker has no free slot."""
    RESOURCES = "resources"
    """The worker has too little left of a resource."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No lease, and nothing was changed."""

    reason: Reason
    text: str
    """One sentence that names the limit, what is in use and what is allowed."""


@dataclass(frozen=True, slots=True)
class Drain:
    """How fast runs of a tier ended lately."""

    ended: int
    """Runs, in the window that was asked for."""
    mean_s: float
    """Seconds that one held its slot; 0 when none ended."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The limits of the tiers, and why they are so."""

    limits: Mapping[Tier, int]
    decisions: tuple[str, ...]
    writer: str
    """The worker that decided."""
    at: float
    """Seconds since the epoch, by the clock of Redis."""
