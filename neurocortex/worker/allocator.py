"""Moving capacity between the tiers, by one worker for all of them."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from neurocortex.domain.deployments import Tier
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import WorkerOffer
from neurocortex.scheduling.allocate import Decision, allocate
from neurocortex.scheduling.policy import Policy
from neurocortex.worker.dispatcher import Dispatcher
from neurocortex.worker.due import DueRuns
from neurocortex.worker.loops import in_time

LEAD_S: Final = 5.0
"""So long after the allocating worker's last sign another takes over."""

SHOW_S: Final = 30.0
"""How often the limits are written to the work pools though they have not changed: somebody may
have set another in the UI, and would see a limit that does not hold."""

logger = logging.getLogger(__name__)


class Allocator:
    """Lends and reclaims slots, and shows the limits on the work pools."""

    def __init__(
        self,
        client: PrefectClient,
        ledger: Ledger,
        allocations: Allocations,
        offer: WorkerOffer,
        policy: Policy,
    ) -> None:
        """Take where limits are written, and the rules."""
        self._client = client
        self._ledger = ledger
        self._allocations = allocations
        self._offer = offer
        self._policy = policy
        self._shown_at = 0.0
        self._to_show: Mapping[Tier, int] | None = None

    async def allocate(self, due: DueRuns, dispatcher: Dispatcher) -> None:
        """Set the limits, or take over what the worker that leads has set."""
        demand = await self._allocations.demand(due.demand(), time.time())
        if not await self._allocations.lead(self._offer.name, LEAD_S):
            current = await self._allocations.limits()
            dispatcher.limits = current.limits if current else {}
            return
        usage = await self._ledger.usage(self._offer.name)
        if not usage.slots:
            return  # the ledger was lost a moment ago: it does not mean that nobody may start any
        found = allocate(usage, demand, self._policy, dispatcher.limits)
        dispatcher.limits = found.limits
        for decision in found.decisions:
            logger.info("%s", _line(decision))
        if found.decisions or not self._shown_at:
            await self._allocations.set_limits(
                found.limits, [_line(decision) for decision in found.decisions], self._offer.name
            )
        if found.decisions or time.monotonic() - self._shown_at > SHOW_S:
            self._to_show = found.limits

    async def show(self) -> None:
        """Write new limits to the work pools: apart, so that no tier waits for Prefect."""
        limits = self._to_show
        if limits is None:
            return
        for tier, limit in limits.items():
            try:
                changed = WorkPoolUpdate(concurrency_limit=limit)
                await in_time(self._client.update_work_pool(tier.value, changed))
            except ObjectNotFound:
                logger.debug("This platform has no pool %s.", tier.value)
        self._shown_at = time.monotonic()
        if self._to_show is limits:
            self._to_show = None


def _line(decision: Decision) -> str:
    return f"{decision.tier}: {decision.before} -> {decision.after} slots, {decision.reason}"
