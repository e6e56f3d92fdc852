"""The runs that are due, as the scheduler chooses from them."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Cancelled, Crashed
from pydantic import ValidationError

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Work
from neurocortex.errors import NeverFitsError
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import WorkerOffer
from neurocortex.scheduling.backlog import Backlog
from neurocortex.worker import job
from neurocortex.worker.arrivals import PAGE, Arrivals
from neurocortex.worker.loops import in_time
from neurocortex.worker.rereading import Rereading

KNOWN_S: Final = 5.0
"""So old may be what we know of a deployment."""

DOORS_S: Final = 2.0
"""So long after somebody paused a pool or a queue its runs may still start."""

BREATH: Final = 100
"""Runs entered before other work of this process gets a turn: some milliseconds."""

Refuse = Callable[[FlowRun, State], Awaitable[None]]
"""Ends a run that cannot start in a state that says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that was taken out of the backlog."""

    run: FlowRun
    deployment: DeploymentResponse | None
    """Its deployment as it was some seconds ago at most; runs of a program may have none."""
    read_at: float
    """When Prefect was last asked and said that it is due, by `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class _Doors:
    """Where runs may be taken from."""

    pools: dict[str, WorkPool]
    paused_queues: frozenset[UUID]
    at: float

    def are_open(self, run: FlowRun) -> bool:
        pool = self.pools.get(run.work_pool_name or "")
        return (
            pool is not None and not pool.is_paused and run.work_queue_id not in self.paused_queues
        )


class DueRuns:
    """Keeps `backlog` in step with Prefect: due runs of these pools that nobody has taken."""

    def __init__(
        self,
        client: PrefectClient,
        ledger: Ledger,
        pools: Sequence[str],
        *,
        is_ours: Callable[[FlowRun], bool],
        refuse: Refuse,
    ) -> None:
        """Take the pools by name, which of their runs to look at, and how to end a wrong one."""
        self.backlog = Backlog()
        self._client = client
        self._ledger = ledger
        self._pools = pools
        self._is_ours = is_ours
        self._refuse = refuse
        self._arrivals = Arrivals(client, pools)
        self._rereading = Rereading(self._arrivals, is_ours)
        self._runs: dict[UUID, FlowRun] = {}
        self._read_at: dict[UUID, float] = {}
        self._deployments: dict[UUID, tuple[float, DeploymentResponse]] = {}
        self._doors = _Doors({}, frozenset(), 0.0)

    def take(self, run_id: UUID) -> Taken:
        """Take a run out of the backlog, to start it."""
        run, read_at = self._runs[run_id], self._read_at[run_id]
        known = self._deployments.get(run.deployment_id) if run.deployment_id else None
        self.discard(run_id)
        return Taken(run, known[1] if known else None, read_at)

    def demand(self) -> Mapping[str, Mapping[Tier, int]]:
        """Return how many runs wait in each pool, by tier."""
        waiting: dict[str, Counter[Tier]] = {pool: Counter() for pool in self._pools}
        for work in self.backlog:
            waiting[self._runs[work.id].work_pool_name or ""][work.tier] += 1
        return waiting

    def discard(self, run_id: UUID) -> None:
        """Forget a run: somebody has taken it."""
        self.backlog.discard(run_id)
        self._runs.pop(run_id, None)
        self._read_at.pop(run_id, None)

    async def refresh(self, taken: Collection[UUID]) -> None:
        """Enter what has become due; the first time, all that is due.

        Args:
            taken: runs of this worker that Prefect may not show as taken yet.
        """
        try:
            await self._refresh(taken)
        except Exception:
            # What it opened may not all be entered; what was found is found once more by itself.
            self._doors = replace(self._doors, at=0.0)
            raise
        self._arrivals.entered()

    async def reread(self, taken: Collection[UUID]) -> None:
        """Bring some of the runs that are known in step, where it is time: see `Rereading`."""
        started = time.monotonic()
        async with self._rereading.step(self._runs) as read:
            for gone in read.gone:
                self.discard(gone)
            await self._enter(read.due, taken, started)

    def doubt(self, run_id: UUID) -> None:
        """Have Prefect asked soon for a run that was taken and not started: it may still be due."""
        self._rereading.doubt(run_id)

    async def _refresh(self, taken: Collection[UUID]) -> None:
        started = time.monotonic()
        arriving = self._arrivals.new(self._runs)
        if started - self._doors.at > DOORS_S:
            found, _ = await asyncio.gather(arriving, self._look_at_doors())
        else:
            found = await arriving
        for each in taken:
            self.discard(each)
        self._read_at.update({run.id: started for run in found if run.id in self._runs})
        fresh = [run for run in found if run.id not in self._runs and self._is_ours(run)]
        await self._enter(fresh, taken, started)

    async def _enter(
        self, found: Iterable[FlowRun], taken: Collection[UUID], read_at: float
    ) -> None:
        """Enter runs that Prefect says are due, or enter them again as they are now."""
        due = [run for run in found if run.id not in taken]
        self._read_at.update({run.id: read_at for run in due})
        await self._add(due)

    async def _look_at_doors(self) -> None:
        """Read which pools and queues are paused, and let their runs in or out."""
        names = WorkPoolFilterName(any_=list(self._pools))
        named = WorkPoolFilter(name=names)
        pools = await in_time(self._client.read_work_pools(work_pool_filter=named))
        queues = await in_time(self._client.read_work_queues())
        self._doors = _Doors(
            {pool.name: pool for pool in pools},
            frozenset(queue.id for queue in queues if queue.is_paused),
            time.monotonic(),
        )
        for run_id, run in self._runs.items():
            if not self._doors.are_open(run):
                self.backlog.discard(run_id)
        await self._add([run for run_id, run in self._runs.items() if run_id not in self.backlog])

    async def _add(self, runs: Sequence[FlowRun]) -> None:
        """Enter runs whose pool is open; those that cannot run end here."""
        if not runs:
            return
        wanted = {run.deployment_id for run in runs if run.deployment_id}
        deployments = await self._read_deployments(wanted)
        costs = await self._ledger.estimates(list(wanted))
        offers = await self._ledger.workers()
        for number, run in enumerate(runs, 1):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            deployment = deployments.get(run.deployment_id) if run.deployment_id else None
            if run.deployment_id and deployment is None:
                await self._end(run, Cancelled(message="Its deployment no longer exists."))
                continue
            self._runs[run.id] = run
            if not self._doors.are_open(run):
                continue
            pool = self._doors.pools[run.work_pool_name or ""]
            cost = costs.get(run.deployment_id) if run.deployment_id else None
            try:
                work = job.work(run, pool, deployment, estimated_cost=cost)
                refuse_what_never_fits(work, offers)
            except ValidationError as error:
                problems = "; ".join(
                    f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
                )
                await self._end(run, Crashed(message=f"Its job variables are wrong. {problems}"))
            except NeverFitsError as error:
                await self._end(run, Crashed(message=str(error)))
            else:
                self.backlog.discard(run.id)
                self.backlog.add(work)

    async def _read_deployments(
        self, wanted: Collection[UUID]
    ) -> Mapping[UUID, DeploymentResponse]:
        """Return those deployments that exist, as they were some seconds ago at most."""
        since = time.monotonic() - KNOWN_S
        stale = [
            each
            for each in wanted
            if (known := self._deployments.get(each)) is None or known[0] < since
        ]
        for some in (stale[at : at + PAGE] for at in range(0, len(stale), PAGE)):
            read_at = time.monotonic()
            which = DeploymentFilter(id=DeploymentFilterId(any_=some))
            for each in some:
                self._deployments.pop(each, None)
            for found in await in_time(
                self._client.read_deployments(deployment_filter=which, limit=PAGE)
            ):
                self._deployments[found.id] = (read_at, found)
        return {each: self._deployments[each][1] for each in wanted if each in self._deployments}

    async def _end(self, run: FlowRun, state: State) -> None:
        """End a run that cannot start, with the reason."""
        self.discard(run.id)
        await in_time(self._refuse(run, state))


def refuse_what_never_fits(work: Work, offers: Sequence[WorkerOffer]) -> None:
    """Refuse a run that no worker could run even if it were idle.

    Raises:
        NeverFitsError: it names the resource, what is asked, and the most that is offered.
    """
    lacking = [work.needs.lacking_in(offer.offered) for offer in offers]
    if offers and all(lacking):
        resource = str(lacking[0])
        most = max(getattr(offer.offered, resource) for offer in offers)
        raise NeverFitsError(resource, getattr(work.needs, resource), most)
