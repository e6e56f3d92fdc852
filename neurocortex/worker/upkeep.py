"""What a worker does besides starting runs: signs of life, recovery, retries."""

import logging
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateName,
)

from neurocortex.errors import LedgerUnavailableError, StaleLeaseError
from neurocortex.ledger import reconcile
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.reconcile import Action, Step
from neurocortex.ledger.values import Lease, Refusal, WorkerOffer
from neurocortex.worker.allocator import LEAD_S
from neurocortex.worker.execution import Executions
from neurocortex.worker.holdings import Holdings
from neurocortex.worker.recovery import Recovery

BEATS_PER_LEASE: Final = 3
"""Signs of life within a lease: two may get lost."""

LONG_RETRY_S: Final = 3.0
"""A retry that is further away gives its slot back: starting again costs less than waiting."""

logger = logging.getLogger(__name__)


class SignsOfLife:
    """Keeps the worker's leases alive, and enters those again that the ledger lost."""

    def __init__(
        self, ledger: Ledger, offer: WorkerOffer, holdings: Holdings, executions: Executions
    ) -> None:
        self._ledger = ledger
        self._offer = offer
        self._holdings = holdings
        self._executions = executions
        self._steady_since: float | None = None

    @property
    def is_steady(self) -> bool:
        """Whether Redis has answered for as long as a lease: whoever lives could give a sign."""
        since = self._steady_since
        return since is not None and time.monotonic() - since > self._offer.lease_s

    async def join(self, recovery: Recovery) -> None:
        """Give the first one.

        Where nobody has joined before though runs go on, the ledger was lost a moment ago: nothing
        is granted until the workers of those runs have entered them again.
        """
        if await self._ledger.join(self._offer) and await recovery.under_way():
            await self._ledger.close(self._offer.lease_s)

    async def beat(self) -> None:
        """Give one."""
        try:
            lost = await self._ledger.beat(self._offer, self._holdings.leases())
        except LedgerUnavailableError:
            self._steady_since = None
            raise
        self._steady_since = self._steady_since or time.monotonic()
        for lease in lost:
            answer = await self._ledger.restore(lease)
            if isinstance(answer, Refusal):
                logger.warning("Flow run %s is ended here: %s", lease.work, answer.text)
                await self._executions.end(lease.work)
            else:
                logger.info("The lease of flow run %s is entered again.", lease.work)
                self._holdings.restored(answer)


class Reconciler:
    """Finds runs whose process or worker is gone, and has them restarted or marked."""

    def __init__(
        self,
        ledger: Ledger,
        recovery: Recovery,
        allocations: Allocations,
        offer: WorkerOffer,
        holdings: Holdings,
        life: SignsOfLife,
    ) -> None:
        self._ledger = ledger
        self._life = life
        self._recovery = recovery
        self._allocations = allocations
        self._offer = offer
        self._holdings = holdings
        self._seen: Mapping[UUID, float] = {}

    async def look(self) -> None:
        """Look once, and do what there is to do."""
        if self._life.is_steady:  # else the others may have been cut off as well
            await self._dead_workers()
        await self._own()
        if await self._allocations.lead(self._offer.name, LEAD_S):
            await self._strays()

    async def _dead_workers(self) -> None:
        orphans = await self._ledger.expired()
        views = await self._recovery.views([lease.work for lease in orphans])
        for step in reconcile.dead(orphans, views):
            await self._recovery.carry_out(step)
            if step.lease is not None:
                await self._ledger.settle(step.lease)

    async def _own(self) -> None:
        leases = await self._ledger.leases()
        running = set(self._holdings)
        forgotten = [
            lease.work
            for lease in leases
            if lease.worker == self._offer.name and lease.work not in running
        ]
        steps = reconcile.own(
            self._offer.name,
            leases,
            self._holdings.leases(),
            await self._recovery.views(forgotten),
            time.time(),
            self._offer.lease_s,
        )
        for step in steps:
            # What this worker still runs is the next sign of life's to restore or stop.
            if step.action in (Action.RESTORE, Action.STOP) or step.lease is None:
                continue
            await self._recovery.carry_out(step)
            await self._release(step.lease)

    async def _strays(self) -> None:
        found = reconcile.strays(
            await self._recovery.under_way(),
            await self._ledger.leases(),
            self._holdings.leases(),
            self._seen,
            time.monotonic(),
            self._offer.lease_s,
        )
        self._seen = found.seen
        for step in found.steps:
            await self._recovery.carry_out(step)

    async def _release(self, lease: Lease) -> None:
        try:
            await self._ledger.release(lease)
        except StaleLeaseError:
            logger.debug("The lease of flow run %s ended meanwhile.", lease.work)

    async def hand_back(self, executions: Executions, reason: str) -> None:
        """End what still runs here, and have it started elsewhere or marked."""
        views = await self._recovery.views(tuple(self._holdings))
        leases = self._holdings.leases()
        for step in reconcile.dead(leases, views):
            told = Step(step.action, step.run, reason, step.lease)
            await executions.end(step.run)
            await self._recovery.carry_out(told)


class Retries:
    """Gives the slot of a run back that waits long for its next try."""

    def __init__(
        self,
        client: PrefectClient,
        recovery: Recovery,
        holdings: Holdings,
        executions: Executions,
    ) -> None:
        self._client = client
        self._recovery = recovery
        self._holdings = holdings
        self._executions = executions

    async def look(self) -> None:
        """Look once. The process does nothing but wait: it may be killed."""
        held = list(self._holdings)
        if not held:
            return
        waiting = FlowRunFilter(
            id=FlowRunFilterId(any_=held),
            state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["AwaitingRetry"])),
        )
        for run in await self._client.read_flow_runs(flow_run_filter=waiting):
            due = run.next_scheduled_start_time
            if due is None or due.timestamp() - time.time() <= LONG_RETRY_S:
                continue
            logger.info("Flow run %s waits for its retry: its slot is free.", run.name)
            await self._recovery.let_any_worker_take(run.id)
            await self._executions.end(run.id)
