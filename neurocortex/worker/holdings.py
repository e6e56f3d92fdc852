"""The runs that this worker holds a lease for."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

from neurocortex.errors import (
    LedgerUnavailableError,
    StaleLeaseError,
    StreamUnavailableError,
)
from neurocortex.learning.consumption import Consumed, Consumption
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease

AGAIN_S: Final = 0.5
"""Pause before a slot is given back once more while Redis is away."""

REQUEST: Final = "request"
"""Tag of the runs that serve a request: the router learns from those."""

logger = logging.getLogger(__name__)


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
    memory_mb: float | None = None
    """The most that it was seen to take, once it has ended."""
    reserved_mb: float = 0.0
    """The memory that it may take."""
    written_mb: float | None = None
    """What it wrote to disks, once it has ended."""
    reserved_storage_mb: float = 0.0
    """The storage that its job variable reserves."""
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


async def give_back(holding: Holding, ledger: Ledger, is_over: Callable[[], bool]) -> None:
    """End the lease of a run that has ended, or could not be started.

    While Redis is away this goes on until it is back, or until the worker ends: then a reconciler
    finds the lease of a worker that is gone.
    """
    while True:
        try:
            if holding.has_started:
                await ledger.release(holding.lease, holding.cpu_s)
            else:
                await ledger.hand_back(holding.lease)
        except StaleLeaseError as error:
            logger.debug("%s", error)
        except LedgerUnavailableError as error:
            logger.warning("A slot is given back later: %s", error)
            if not is_over():
                await asyncio.sleep(AGAIN_S)
                continue
        return


async def told(holding: Holding, consumption: Consumption) -> None:
    """Tell the router what a run of a request took; where Redis is away it learns from others."""
    if holding.cpu_s is None or REQUEST not in holding.run.tags:
        return
    taken = Consumed(
        flow_run=holding.run.id,
        cpu_s=holding.cpu_s,
        memory_mb=holding.memory_mb,
        reserved_mb=holding.reserved_mb,
        written_mb=holding.written_mb,
        reserved_storage_mb=holding.reserved_storage_mb,
    )
    try:
        await consumption.tell(taken)
    except StreamUnavailableError as error:
        logger.debug("What a run took is not learned from: %s", error)
