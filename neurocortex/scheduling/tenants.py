"""The order of one tier's runs during one choice: fair between tenants, urgent first in each."""

from collections.abc import Callable, Collection, Container
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Work
from neurocortex.scheduling.accounts import Accounts, tenants_clock
from neurocortex.scheduling.backlog import Backlog, Entry, Shape, Tenant

Fits = Callable[[Entry], bool]
"""Whether a run may start now; once it may not, no run of its shape may."""


MOST_HELD: Final = 500
"""Shapes that are found not to fit in one choice before it looks no further: each is a look at all
limits, and where memory is used up none of thousands fits. Slurm's backfill looks at as many
(`bf_max_job_test`). Whatever is behind them has its turn when some of them have started, or when
it has aged."""


class TenantTurns:
    """Hands out a tier's runs, the tenant that was served least first.

    Tenants are taken from a heap by start tag. A tag only grows, so one that has grown since it
    was put in is put right when it comes to the top. Tenants with nothing that fits drop out.
    """

    def __init__(
        self,
        backlog: Backlog,
        tier: Tier,
        accounts: Accounts,
        taken: Container[UUID],
        held: Collection[Shape],
    ) -> None:
        """Begin with the tenants of a tier.

        `taken` are the runs that the choice has started, `held` the shapes it has found not to
        fit; both grow meanwhile.
        """
        self._accounts = accounts
        self._held = held
        self._taken = taken
        self._clock = tenants_clock(tier)
        self._heap: list[tuple[float, float, int, Tenant]] = []
        for tenant in backlog.tenants(tier).values():
            if all(shape in held for shape in tenant.groups):
                continue
            first = tenant.first
            tag = accounts.tag(tenant.account, self._clock)
            self._heap.append((tag, first.since, first.number, tenant))
        heapify(self._heap)
        self._queues: dict[str, _Queue] = {}

    def next(self, fits: Fits) -> Work | None:
        """Return the next run that fits, or None: then none of the tier does."""
        while (tenant := self._least()) is not None:
            if any(shape not in self._held for shape in tenant.groups):
                if tenant.account not in self._queues:
                    self._queues[tenant.account] = _Queue(tenant, self._held)
                found = self._queues[tenant.account].next(fits, self._taken)
                if found is not None:
                    return found
            heappop(self._heap)
        return None

    @property
    def tag(self) -> float | None:
        """The least start tag of a tenant that still has a turn."""
        return self._heap[0][0] if self._least() is not None else None

    def _least(self) -> Tenant | None:
        while self._heap:
            tag, since, number, tenant = self._heap[0]
            current = self._accounts.tag(tenant.account, self._clock)
            if current <= tag:
                return tenant
            heapreplace(self._heap, (current, since, number, tenant))
        return None


class _Queue:
    """One tenant's runs in order: its groups, merged by their first runs."""

    def __init__(self, tenant: Tenant, held: Collection[Shape]) -> None:
        self._groups = tenant.groups
        self._held = held
        self._firsts = iter(tenant.firsts)
        self._begun: list[tuple[Entry, int]] = []
        """The next run of each group that was looked at, and its place; and the first of the next
        group that was not."""
        self._begin_next()

    def next(self, fits: Fits, taken: Container[UUID]) -> Work | None:
        while self._begun:
            entry, place = heappop(self._begun)
            if place == 0:
                self._begin_next()
            if entry.work.id not in taken and not fits(entry):
                if len(self._held) >= MOST_HELD:
                    return None
                continue  # and with it its whole group
            group = self._groups[entry.shape]
            if place + 1 < len(group):
                heappush(self._begun, (group[place + 1], place + 1))
            if entry.work.id not in taken:
                return entry.work
        return None

    def _begin_next(self) -> None:
        if (first := next(self._firsts, None)) is not None:
            heappush(self._begun, (first, 0))
