"""Which flow runs are due: read from Prefect's API without loading it.

One query in which the server uses its index, for those that became due since the last one: its
answer is mostly empty. `rereading` reads all of them again, page by page, to forget those that
somebody cancelled or postponed meanwhile.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the due runs, of those that anybody may start."""

    due: list[FlowRun]
    size: int
    """How many the server gave: the next page begins so much later."""

    @property
    def is_last(self) -> bool:
        """Whether no other page follows."""
        return self.size < PAGE


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
            return await self._since(None)
        if len(known) > EXCLUDED:
            return await self._since(self._until - OVERLAP)
        return await self._since(self._until - LONG_OVERLAP, known)

    def entered(self) -> None:
        """Say that what was returned last is known: `new` need not return it again."""
        self._until = self._read_until

    async def page(self, offset: int) -> Page:
        """Return one page of all due runs, however long they have been; those due first first."""
        return await self._page(_due(before=datetime.now(UTC)), offset)

    async def among(self, runs: Collection[UUID]) -> list[FlowRun]:
        """Return which of these runs, no more than `PAGE`, are due."""
        due = _due(before=datetime.now(UTC), ids=FlowRunFilterId(any_=list(runs)))
        return (await self._page(due, 0)).due

    async def _since(self, after: datetime | None, known: Collection[UUID] = ()) -> list[FlowRun]:
        now = datetime.now(UTC)
        others = FlowRunFilterId(not_any_=list(known)) if known else None
        due = _due(before=now, after=after, ids=others)
        found: list[FlowRun] = []
        offset = 0
        while True:
            page = await self._page(due, offset)
            found += page.due
            offset += page.size
            if page.is_last:
                break
        self._read_until = now
        return found

    async def _page(self, due: FlowRunFilter, offset: int) -> Page:
        found = await in_time(
            self._client.read_flow_runs(
                flow_run_filter=due,
                work_pool_filter=self._pools,
                sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
                limit=PAGE,
                offset=offset,
            )
        )
        free = [run for run in found if run.empirical_policy.retry_type != IN_PROCESS]
        return Page(free, len(found))


def _due(
    *, before: datetime, after: datetime | None = None, ids: FlowRunFilterId | None = None
) -> FlowRunFilter:
    return FlowRunFilter(
        id=ids,
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(after_=after, before_=before),
    )
