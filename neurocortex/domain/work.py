"""Work that wants to run: what the scheduler chooses from, and what the ledger keeps count of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier

DEFAULT_TENANT: Final = "default"
"""Whose work it is when nobody said so."""

TENANT_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""What a tenant may be called: names become parts of keys in Redis, and tags of runs."""

TENANT_TAG: Final = "tenant:"
"""`tenant:acme` among a run's tags names its tenant as well: tags can be given in the UI's form."""


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of what a machine has, or of what a run takes of it."""

    cpu: float = 0.0
    """Cores."""
    memory_mb: float = 0.0
    storage_mb: float = 0.0
    """Scratch space on disk."""
    network_mbps: float = 0.0

    def __add__(self, other: "Resources") -> "Resources":
        """Return both together."""
        return Resources(
            self.cpu + other.cpu,
            self.memory_mb + other.memory_mb,
            self.storage_mb + other.storage_mb,
            self.network_mbps + other.network_mbps,
        )

    def __sub__(self, other: "Resources") -> "Resources":
        """Return what is left; an amount below zero means that more was taken than there is."""
        return Resources(
            self.cpu - other.cpu,
            self.memory_mb - other.memory_mb,
            self.storage_mb - other.storage_mb,
            self.network_mbps - other.network_mbps,
        )

    def lacking_in(self, available: "Resources") -> str | None:
        """Return the name of the first resource of which `available` has too little, or None."""
        for name in RESOURCES:
            if getattr(self, name) > getattr(available, name):
                return name
        return None


RESOURCES: Final = ("cpu", "memory_mb", "storage_mb", "network_mbps")


@dataclass(frozen=True, slots=True)
class Work:
    """One run that is due."""

    id: UUID
    """The flow run's."""
    tier: Tier
    tenant: str
    needs: Resources
    """What it holds while it runs."""
    cost: float
    """Estimated cpu-seconds, above 0: what its tier and tenant are charged when it starts."""
    since: float
    """When it became due, in seconds since the epoch."""
    deployment: UUID | None = None
    deployment_limit: int | None = None
    """Runs of its deployment that may run at once."""
    priority: int = 0
    """Within its tenant the higher goes first."""
    deadline: float | None = None
    """When it should have started, in seconds since the epoch; earlier goes first among equals."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a start adds to an account of fair share.

    The account becomes `max(account, floor) + amount`: who was idle earns nothing by it.
    """

    account: str
    """`TIER`, or `TIER/TENANT`."""
    floor: float
    """Virtual time at the start, in cpu-seconds per weight."""
    amount: float
    """Cost by weight."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What is in use at one moment, as one worker sees it."""

    slots: int
    """Of all workers together."""
    by_tier: Mapping[Tier, int]
    """Slots in use; a tier that is not in it uses none."""
    by_deployment: Mapping[UUID, int]
    """The same by deployment."""
    offered: Resources
    """What this worker has to share out."""
    free: Resources
    """What is left of it."""
    free_slots: int
    """Slots of this worker that nobody holds."""
    accounts: Mapping[str, float]
    """Virtual time by account, in cpu-seconds per weight: see `Charge`."""

    @property
    def used(self) -> int:
        """Slots in use."""
        return sum(self.by_tier.values())
