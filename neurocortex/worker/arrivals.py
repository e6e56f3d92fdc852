"""Which flow runs are due: read from Prefect's API without loading it.

One query in which the server uses its index, for those that became due since the last one: its
answer is mostly empty. Now and then all of them are read, page by page, to forget those that
somebody cancelled or postponed meanwhile.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from neurocortex.worker.loops import in_time

PAGE: Final = 200
"""As many as the server gives at a time."""

LONG_OVERLAP: Final = timedelta(seconds=30)
"""A run may be committed to the server's database so long after the time it bears, which is its
client's: the last of 60 that a program submits at once come seconds later."""

EXCLUDED: Final = 200
"""Known runs that are left out of the answer; where more wait, all of them would be too many to
name, and to read again each time: then we look back only over"""

OVERLAP: Final = timedelta(seconds=3)
"""which is also how much two machines' clocks may differ. What comes later still is found when all
are read."""

IN_PROCESS: Final = "in_process"
"""What Prefect calls a retry that is waited for in its process: nobody else may start it."""


class Arrivals:
    """The due runs of some work pools."""

    def __init__(self, client: PrefectClient, pools: Sequence[str]) -> None:
        """Take the pools by name."""
        self._client = client
        self._pools = WorkPoolFilter(name=WorkPoolFilterName(any_=list(pools)))
        self._until: datetime | None = None
        self._read_until: datetime | None = None

    async def new(self, known: Collection[UUID] = ()) -> list[FlowRun]:
        """Return the runs that became due since those that were entered, and some before.

        Args:
            known: those that need not be returned.
        """
        if self._until is None:
            return await self._due(None)
        if len(known) > EXCLUDED:
            return await self._due(self._until - OVERLAP)
        return await self._due(self._until - LONG_OVERLAP, known)

    def entered(self) -> None:
        """Say that what was returned last is known: `new` need not return it again."""
        self._until = self._read_until

    async def all(self) -> list[FlowRun]:
        """Return all due runs, however long they have been."""
        return await self._due(None)

    async def _due(self, after: datetime | None, known: Collection[UUID] = ()) -> list[FlowRun]:
        now = datetime.now(UTC)
        due = FlowRunFilter(
            id=FlowRunFilterId(not_any_=list(known)) if known else None,
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(
                after_=after, before_=now
            ),
        )
        found: list[FlowRun] = []
        while True:
            page = await in_time(
                self._client.read_flow_runs(
                    flow_run_filter=due,
                    work_pool_filter=self._pools,
                    sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
                    limit=PAGE,
                    offset=len(found),
                )
            )
            found += page
            if len(page) < PAGE:
                break
        self._read_until = now
        return [run for run in found if run.empirical_policy.retry_type != IN_PROCESS]
