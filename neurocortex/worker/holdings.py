"""The runs that this worker holds a lease for."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

from neurocortex.ledger.values import Lease


@dataclass(slots=True)
class Holding:
    """One of them."""

    run: FlowRun
    lease: Lease
    """As granted or restored last."""
    has_started: bool = False
    """Whether it got as far as a process."""
    cpu_s: float | None = None
    """What it took, once it has ended."""
    completed: bool = False
    """Whether it is known to have done all it was asked to."""


class Holdings:
    """All of them, by the id of the run."""

    def __init__(self) -> None:
        self._held: dict[UUID, Holding] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[UUID]:
        return iter(tuple(self._held))

    def get(self, run_id: UUID) -> Holding | None:
        """Return what is held for a run."""
        return self._held.get(run_id)

    def add(self, run: FlowRun, lease: Lease) -> None:
        """Hold a run."""
        self._held[run.id] = Holding(run, lease)

    def restored(self, lease: Lease) -> None:
        """Take the new lease of a run that is held."""
        if (holding := self._held.get(lease.work)) is not None:
            holding.lease = lease

    def take_out(self, run_id: UUID) -> Holding | None:
        """Hold a run no longer; None: it was not held."""
        return self._held.pop(run_id, None)

    def leases(self) -> tuple[Lease, ...]:
        """Return all leases."""
        return tuple(holding.lease for holding in self._held.values())
