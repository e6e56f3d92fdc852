"""From an accepted request to its flow run."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelling

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import (
    LedgerUnavailableError,
    RequestNotFoundError,
    TrackingUnavailableError,
)
from neurocortex.ledger.wakes import Wakes
from neurocortex.routing import needs
from neurocortex.tracking.record import Record, Start
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker

KNOWN_S: Final = 60.0
"""So old may be what we know of a deployment: its id and its pool."""

REFUSED: Final = frozenset({400, 409, 422})
"""What Prefect answers to parameters that the flow does not take: they would be refused again."""

TAG: Final = "request"
"""Of every flow run that serves one: the worker tells what such a run took."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Deployment:
    id: UUID
    pool: str | None
    read_at: float


class Starter:
    """Creates flow runs, a few at once. What fails for now is left to the leader's next look."""

    WORKERS: ClassVar[int] = 4
    """Calls at once: the server has more to do than to create runs."""

    def __init__(
        self, tracker: Tracker, table: RequestTable, client: PrefectClient, wakes: Wakes
    ) -> None:
        """Start runs with a client of Prefect."""
        self._tracker = tracker
        self._table = table
        self._client = client
        self._wakes = wakes
        self._waiting: asyncio.Queue[tuple[UUID, Start | None]] = asyncio.Queue()
        self._busy: set[UUID] = set()
        self._deployments: dict[str, _Deployment] = {}

    def soon(self, request: UUID, start: Start | None = None) -> None:
        """Start a request as soon as may be; one that waits for that already is started once.

        Args:
            request: accepted, and durable.
            start: what it takes; None: PostgreSQL knows.
        """
        if request not in self._busy:
            self._busy.add(request)
            self._waiting.put_nowait((request, start))

    async def work(self) -> None:
        """Start what waits, until cancelled."""
        while not is_cancelled():
            request, start = await self._waiting.get()
            try:
                await self._start(request, start)
            except (httpx.HTTPError, TrackingUnavailableError) as error:
                logger.warning("Request %s will be started later: %s", request, error)
            except RequestNotFoundError:  # deleted by hand
                logger.warning("Request %s is gone before it was started.", request)
            except Exception:
                logger.exception("Request %s could not be started, and is tried again.", request)
            finally:
                self._busy.discard(request)

    async def _start(self, request: UUID, start: Start | None) -> None:
        record = await self._tracker.known(request)
        if record.is_final or record.flow_run is not None or record.cancelling:
            return
        start = start or await asyncio.to_thread(self._table.start, request)
        if start is None:
            await self._tracker.fail(request, "unstartable", "What it asked for was not kept.")
            return
        try:
            run, pool = await self._create(record, start)
        except ObjectNotFound:
            await self._tracker.fail(
                request,
                "not_deployed",
                f"There is no deployment {start.deployment}: `neurocortex deploy` applies them.",
            )
            return
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in REFUSED:
                raise
            await self._tracker.fail(request, "flow_refused", _reason(error))
            return
        now = await self._tracker.change(request, lambda known: known.assigned(run.id))
        if now.flow_run != run.id:  # it was cancelled in the meantime
            await self._client.set_flow_run_state(run.id, Cancelling())
        elif pool is not None:
            with suppress(LedgerUnavailableError):  # a worker finds it when it looks next
                await self._wakes.announce(pool)

    async def _create(self, record: Record, start: Start) -> tuple[FlowRun, str | None]:
        deployment = await self._deployment(start.deployment)
        try:
            run = await self._client.create_flow_run_from_deployment(
                deployment.id,
                parameters=start.parameters,
                idempotency_key=str(record.id),
                tags=[TAG, f"tenant:{record.tenant}"],
                job_variables=_variables(record),
                labels={
                    "neurocortex.request": str(record.id),
                    **needs.labels(
                        record.expected_cpu_s,
                        record.expected_memory_mb,
                        record.expected_storage_mb,
                    ),
                },
            )
        except ObjectNotFound:
            self._deployments.pop(start.deployment, None)
            raise
        return run, deployment.pool

    async def _deployment(self, name: str) -> _Deployment:
        known = self._deployments.get(name)
        if known is None or known.read_at + KNOWN_S < time.monotonic():
            found = await self._client.read_deployment_by_name(name)
            known = _Deployment(found.id, found.work_pool_name, time.monotonic())
            self._deployments[name] = known
        return known


def _variables(record: Record) -> dict[str, object]:
    variables: dict[str, object] = {"tenant": record.tenant}
    if record.deadline is not None:
        # The worker's deadline is for the start, and counts from when the run is due.
        latest = record.deadline - record.estimate_s - time.time()
        if latest > 0:
            variables["deadline"] = latest
    return variables


def _reason(error: PrefectHTTPStatusError) -> str:
    try:
        detail = error.response.json().get("detail")
    except (ValueError, AttributeError):
        detail = error.response.text
    return f"Prefect refuses to start it: {detail}"
