"""The flow runs of all open requests, looked at together."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from neurocortex.admission.admission import Admission
from neurocortex.errors import AdmissionUnavailableError, TrackingUnavailableError
from neurocortex.routing.route import Lane
from neurocortex.spending.runs import RunSpending
from neurocortex.standard.outcome import Outcome, outcome_of
from neurocortex.standard.results import ResultError, read_result
from neurocortex.standard.round import Round
from neurocortex.standard.starting import Starter
from neurocortex.tracking.record import Record, State
from neurocortex.tracking.states import EmptiedError
from neurocortex.tracking.tracker import Tracker

STARTED_BY_NOW_S: Final = 3.0
"""Who accepted a request starts it at once; after so long that process has died or failed."""

RESULTS_AT_ONCE: Final = 8
"""Prefect opens a client for each result that is read."""

logger = logging.getLogger(__name__)


class Follower:
    """Takes each open request one step further: see `once`."""

    def __init__(
        self,
        tracker: Tracker,
        admission: Admission,
        client: PrefectClient,
        starter: Starter,
        spent: RunSpending,
    ) -> None:
        """Follow runs with a client of Prefect; their records say what they spent."""
        self._tracker = tracker
        self._admission = admission
        self._client = client
        self._starter = starter
        self._spent = spent
        self._round = Round()
        self._reading = asyncio.Semaphore(RESULTS_AT_ONCE)
        self._held_at = 0.0
        self._in_trouble = False

    async def once(self) -> bool:
        """Look at the runs of open requests and record what became of them.

        What does not answer is asked again next time.

        Returns:
            Whether requests are open.
        """
        try:
            is_open = await self._look()
        except (
            httpx.HTTPError,
            TrackingUnavailableError,
            AdmissionUnavailableError,
            EmptiedError,
        ) as error:
            if not self._in_trouble:
                logger.warning("Flow runs cannot be followed for now: %s", error)
            self._in_trouble = True
            return True
        self._in_trouble = False
        return is_open

    async def _look(self) -> bool:
        ids = await self._tracker.states.open()
        known = await self._tracker.states.many(list(ids))
        records = [each for each in known.values() if each.lane is Lane.STANDARD]
        await self._hold(records)
        self._start_the_rest(records)
        chosen = self._round.choose(records)
        for page in chosen:
            runs = await self._runs(page)
            await asyncio.gather(*(self._step(record, runs) for record in page))
        return bool(records)

    async def _hold(self, records: Sequence[Record]) -> None:
        """Renew the places of those that wait, as long as they wait; after a loss, too."""
        if time.monotonic() < self._held_at + self._admission.limits.place_s / 3:
            return
        waiting = [each.ticket for each in records if each.state is State.ACCEPTED]
        await self._admission.hold(waiting)
        self._held_at = time.monotonic()

    def _start_the_rest(self, records: Sequence[Record]) -> None:
        now = time.time()
        for record in records:
            if record.flow_run is None and record.created < now - STARTED_BY_NOW_S:
                self._starter.soon(record.id)

    async def _runs(self, page: Sequence[Record]) -> Mapping[UUID, FlowRun]:
        ids = [record.flow_run for record in page if record.flow_run is not None]
        if not ids:
            return {}
        found = await self._client.read_flow_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=ids)), limit=len(ids)
        )
        return {run.id: run for run in found}

    async def _step(self, record: Record, runs: Mapping[UUID, FlowRun]) -> None:
        run = runs.get(record.flow_run) if record.flow_run is not None else None
        outcome = outcome_of(record, run, time.time())
        now = await self._record(record, outcome, run)
        if outcome.stop_run and run is not None:
            await self._stop(run.id)
        if record.state is State.ACCEPTED and now.state is not State.ACCEPTED:
            await self._admission.release(record.ticket)

    async def _record(self, record: Record, outcome: Outcome, run: FlowRun | None) -> Record:
        if outcome.state is State.COMPLETED and run is not None:
            try:
                async with self._reading:
                    result = await read_result(run)
            except ResultError as error:
                return await self._tracker.fail(record.id, "result_unreadable", str(error))
            return await self._tracker.complete(record.id, result, await self._spent.of(run.id))
        if outcome.apply(record) is record:
            return record
        return await self._tracker.change(record.id, outcome.apply)

    async def _stop(self, run: UUID) -> None:
        try:
            await self._client.set_flow_run_state(run, Cancelling())
        except ObjectNotFound:  # deleted just now: it is stopped
            return
