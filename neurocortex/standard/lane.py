"""What the gateway calls to have a request served as a flow run."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from neurocortex.admission.admission import Admission
from neurocortex.admission.values import Admitted
from neurocortex.domain.deployments import Tier
from neurocortex.errors import AdmissionUnavailableError, TrackingUnavailableError
from neurocortex.ledger.wakes import Wakes
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request
from neurocortex.spending.runs import RunSpending
from neurocortex.standard.following import Follower
from neurocortex.standard.starting import Starter
from neurocortex.tracking.leadership import Leadership
from neurocortex.tracking.record import Record, Start
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker

LONGEST_SHARE: Final = 0.1
"""Of the time, that following takes at most, however many requests are open."""

EVERY_S: Final = 0.5
"""Between two looks while requests are open."""

IDLE_S: Final = 1.0
"""Between two looks while none is, and of those who do not lead."""

logger = logging.getLogger(__name__)


def start_of(pipeline: Pipeline[Any, Any], request: Request, tier: Tier) -> Start:
    """Return what it takes to start the flow run of a request.

    Args:
        pipeline: one with a standard lane.
        request: a request of its type.
        tier: one that its flow is deployed on; the router sees to that.

    Raises:
        ValueError: the pipeline has no standard lane, or no deployment on the tier.
    """
    standard = pipeline.standard
    if standard is None or tier not in standard.deployments:
        raise ValueError(f"{pipeline.operation} has no deployment on the tier {tier}")
    return Start(
        deployment=standard.deployments[tier], parameters=dict(standard.parameters(request))
    )


class StandardLane:
    """One per gateway process; `run` it for as long as requests are submitted.

    An accepted request is done although this process is killed at any moment: it is in PostgreSQL
    before anybody is told, whoever leads finds what has no flow run, and the id of the request is
    the idempotency key of its run, so that starting it again starts nothing twice.
    """

    def __init__(
        self,
        tracker: Tracker,
        table: RequestTable,
        admission: Admission,
        client: PrefectClient,
        wakes: Wakes,
        leadership: Leadership,
        spent: RunSpending,
    ) -> None:
        """Serve requests.

        Args:
            tracker: where requests are recorded.
            table: where what starts them is durable.
            admission: counts those that wait.
            client: of Prefect, open for as long as the lane is used.
            wakes: tells the workers of new runs.
            leadership: which of several gateways follows the runs.
            spent: what flow runs spent on LLMs.
        """
        self._tracker = tracker
        self._admission = admission
        self._leadership = leadership
        self._starter = Starter(tracker, table, client, wakes)
        self._follower = Follower(tracker, admission, client, self._starter, spent)

    async def submit(self, record: Record, start: Start) -> Admitted:
        """Accept a request: when this returns it is durable, and will be done.

        Raises:
            AdmissionError: it is not let in.
            TrackingUnavailableError: PostgreSQL does not answer; it was not accepted.
        """
        admitted = await self._admission.admit(record.ticket)
        try:
            await self._tracker.accept(record, start)
        except BaseException:
            with suppress(AdmissionUnavailableError):  # the place ends by itself
                await self._admission.release(record.ticket)
            raise
        self._starter.soon(record.id, start)
        return admitted

    def start(self, request: UUID) -> None:
        """Start an accepted request again; one that has its flow run is left alone."""
        self._starter.soon(request)

    async def run(self) -> None:
        """Start flow runs, and follow them if this process leads, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._starter.WORKERS):
                tasks.create_task(self._starter.work())
            tasks.create_task(self._follow())

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            is_open = True
            try:
                is_open = await self._leads() and await self._follower.once()
            except Exception:
                logger.exception("Flow runs could not be followed, and are looked at again.")
            took = loop.time() - began
            await asyncio.sleep(max(EVERY_S if is_open else IDLE_S, took / LONGEST_SHARE))

    async def _leads(self) -> bool:
        try:
            return await self._leadership.is_leader()
        except TrackingUnavailableError:  # the upkeep has said so
            return False
