"""The tiers as people and programs see them: who waits, who runs, and what each may have."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.admission.values import Standing
from neurocortex.admission.watch import LoadWatch
from neurocortex.domain.deployments import Tier
from neurocortex.errors import AdmissionUnavailableError, LedgerUnavailableError
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger


class TierView(BaseModel):
    """One tier, of all tenants together."""

    model_config = ConfigDict(frozen=True)

    tier: Tier
    realtime: int = Field(description="Requests in the real-time lane.")
    waiting: int = Field(description="Accepted requests of the standard lane that wait to start.")
    bound: int = Field(description="As many may wait.")
    expected_start_s: float = Field(description="Until one that is accepted now would start.")
    shed_for_s: float = Field(description="It is refused for the load for so long; 0: it is not.")
    slots: int = Field(description="Slots of workers that its flow runs hold.")
    slots_limit: int | None = Field(description="Its share of them now; null: not decided yet.")


class TiersView(BaseModel):
    """All tiers, the most urgent first."""

    model_config = ConfigDict(frozen=True)

    tiers: tuple[TierView, ...]


@dataclass(frozen=True, slots=True)
class _Slots:
    held: Mapping[Tier, int]
    limits: Mapping[Tier, int]


@dataclass(frozen=True, slots=True)
class Tiers:
    """Looks at them."""

    watch: LoadWatch
    ledger: Ledger
    allocations: Allocations

    async def view(self) -> TiersView:
        """Return all tiers.

        Raises:
            AdmissionUnavailableError: nobody has seen the queues yet.
        """
        standing = self.watch.standing
        if standing is None:
            raise AdmissionUnavailableError("the queues were not seen yet", 1.0)
        slots = await self._slots()
        return TiersView(tiers=tuple(_view(tier, standing, slots) for tier in Tier))

    async def _slots(self) -> _Slots:
        try:
            held = Counter(lease.tier for lease in await self.ledger.leases())
            allocation = await self.allocations.limits()
        except LedgerUnavailableError:
            return _Slots({}, {})
        return _Slots(held, allocation.limits if allocation is not None else {})


def _view(tier: Tier, standing: Standing, slots: _Slots) -> TierView:
    queue = standing.standard[tier]
    return TierView(
        tier=tier,
        realtime=standing.realtime[tier].held,
        waiting=queue.held,
        bound=queue.bound,
        expected_start_s=queue.expected_start_s,
        shed_for_s=max(queue.shed_for_s, standing.realtime[tier].shed_for_s),
        slots=slots.held.get(tier, 0),
        slots_limit=slots.limits.get(tier),
    )
