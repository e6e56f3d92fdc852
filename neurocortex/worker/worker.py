"""The Prefect worker of type `neurocortex`: one work pool's face to Prefect.

It sends the heartbeats, knows the pool's template, and takes each run through Prefect's states as
Prefect's base worker does. What runs when, and in which process, is decided by its `Host`, which
the workers of one process share.
"""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from uuid import UUID

import anyio
import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import InfrastructureNotFound, ObjectNotFound, PrefectException
from prefect.flows import Flow
from prefect.states import Pending
from prefect.workers.base import BaseWorker, BaseWorkerResult

from neurocortex.errors import NoLeaseError
from neurocortex.settings import settings
from neurocortex.worker.due import Taken
from neurocortex.worker.host import Host
from neurocortex.worker.job import JobConfiguration, Variables
from neurocortex.worker.preload import MODULES
from neurocortex.worker.warm import WarmProcesses

FRESH_S: Final = 0.3
"""Nobody can have taken a run and ended it since it was read so short a while ago."""

SETTLED_S: Final = 0.5
"""A run has begun by then: until it has, the API server is its alone."""


class NeuroCortexWorkerResult(BaseWorkerResult):
    """How the process of a run ended."""


class NeuroCortexWorker(BaseWorker[JobConfiguration, Variables, NeuroCortexWorkerResult]):
    """Runs the flow runs of one work pool in warm processes, in their tier's fair share."""

    type = "neurocortex"
    job_configuration = JobConfiguration
    job_configuration_variables = Variables
    _display_name = "NeuroCortex"
    _description = (
        "Starts flow runs in a fraction of a second, in warm processes. Tiers and tenants share"
        " the slots and resources of all workers fairly."
    )
    _documentation_url = "https://docs.prefect.io/v3/concepts/workers"

    def __init__(self, *args: Any, host: Host | None = None, **kwargs: Any) -> None:
        """Take what Prefect's workers take, and the host where other pools are served beside."""
        super().__init__(*args, **kwargs)
        self._host = host
        self._own = AsyncExitStack()
        self._brought: Host | None = None
        self._taken: dict[UUID, Taken] = {}

    async def setup(self) -> None:
        """Start up; a worker of one pool brings a host of its own."""
        if self._host is None:
            processes = await self._own.enter_async_context(WarmProcesses(MODULES))
            host = Host(
                settings(), processes, [self._work_pool_name], self._work_queues, self._limit
            )
            self._host = self._brought = await self._own.enter_async_context(host)
        # The ledger counts what runs; the base class would refuse what the host has started.
        self._limit = None
        await super().setup()
        self._host.serve(self._work_pool_name, self)

    async def teardown(self, *exc_info: Any) -> None:
        """Drain the host that this worker brought while we can tell Prefect, and end it last."""
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self._own.aclose)
            ending.push_async_callback(super().teardown, *exc_info)
            if self._brought is not None:
                await self._brought.drain()

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Start what can start now, and return the runs of this pool that were started."""
        await self.host.look()
        self._last_polled_time = self.host.looked_at
        return [run for run in self.host.begun() if run.work_pool_name == self._work_pool_name]

    def begin(self, taken: Taken) -> None:
        """Start a run whose lease the host holds."""
        flow_run = taken.run
        self._taken[flow_run.id] = taken
        self._submitting_flow_run_ids.add(flow_run.id)
        if self._cancelling_observer is not None:
            self._cancelling_observer.add_in_flight_flow_run_id(flow_run.id)
        assert self._runs_task_group is not None  # noqa: S101 - set up, or the host knew no worker
        self._runs_task_group.start_soon(self._submit_run, flow_run)

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Take a run from Scheduled to its end.

        The base class makes six calls to the API before a process starts, one after the other.
        Here it is one, or two for a run that was read a while ago: what else it reads is known
        already. Its state Submitting is left out.
        """
        taken = self._taken.pop(flow_run.id)
        try:
            configuration = await self._configuration(flow_run, taken.deployment)
            fresh = time.monotonic() - taken.read_at < FRESH_S
            known = flow_run if fresh else await self._read_due(flow_run.id)
            if known is None:
                return
            with self.host.suspensions.watched(known.id):
                if await self._propose_pending_state(known):
                    pending = known.model_copy(update={"state": Pending()})
                    await self._run_to_its_end(pending, configuration)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run is not to hang
            self.get_flow_run_logger(flow_run).exception("The run could not be started.")
            message = f"The run could not be started: {type(error).__name__}: {error}"
            await self._propose_crashed_state(flow_run, message)
        finally:
            self._submitting_flow_run_ids.discard(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)
            self.host.ended(flow_run.id)

    async def _read_due(self, run_id: UUID) -> FlowRun | None:
        """Look once more, now that nobody else can take it; return None unless it is still due.

        Another worker may have run it to its end since it was read, and Prefect lets most runs that
        have ended become Pending again: it would run twice.
        """
        try:
            run = await self.client.read_flow_run(run_id)
        except ObjectNotFound:
            return None
        if run.state is None or not run.state.is_scheduled():
            return None
        due = run.state.state_details.scheduled_time
        return run if due is None or due <= datetime.now(UTC) else None

    async def _run_to_its_end(self, flow_run: FlowRun, configuration: JobConfiguration) -> None:
        group = self._runs_task_group
        assert group is not None  # noqa: S101 - this runs in it

        def record(pid: int) -> None:
            group.start_soon(self._record_process, flow_run.id, pid)

        submitted = self._emit_flow_run_submitted_event(configuration)
        result = await self.run(flow_run, configuration, _Started(record))
        self._emit_flow_run_executed_event(result, configuration, submitted)

    async def _record_process(self, flow_run_id: UUID, pid: int) -> None:
        """Have Prefect know who runs it, for people and for cancellation; the run needs neither."""
        await anyio.sleep(SETTLED_S)
        try:
            await self._give_worker_labels_to_flow_run(flow_run_id)
            if self.host.runs(flow_run_id):
                await self.client.update_flow_run(flow_run_id, infrastructure_pid=str(pid))
        except (httpx.HTTPError, PrefectException) as error:
            self._logger.warning("Flow run %s has no label of ours: %s", flow_run_id, error)

    async def _configuration(
        self, flow_run: FlowRun, deployment: DeploymentResponse | None
    ) -> JobConfiguration:
        """Fill in the pool's template by the variables of the deployment and of the run."""
        of_deployment = deployment.job_variables if deployment else {}
        of_run = flow_run.job_variables or {}
        env = {**of_deployment.get("env", {}), **of_run.get("env", {})}
        configuration: JobConfiguration = await JobConfiguration.from_template_and_values(
            base_job_template=self.work_pool.base_job_template,
            values={**of_deployment, **of_run, "env": env},
            client=self.client,
        )
        flow = await self.host.flow(flow_run.flow_id)
        configuration.prepare_for_flow_run(
            flow_run, deployment, flow, self.work_pool, self.name, self.backend_id
        )
        if await self.host.default_storage.is_in_files():
            configuration.keep_results_in_files()
        return configuration

    async def run(
        self,
        flow_run: FlowRun,
        configuration: JobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> NeuroCortexWorkerResult:
        """Run a flow run to its end; called by the base class."""
        ended = await self.host.run(
            flow_run, configuration, task_status or anyio.TASK_STATUS_IGNORED
        )
        return NeuroCortexWorkerResult(status_code=ended.status, identifier=ended.identifier)

    async def submit(
        self,
        flow: Flow[..., Any],
        parameters: dict[str, Any] | None = None,  # noqa: ARG002 - as the base class has it
        job_variables: dict[str, Any] | None = None,  # noqa: ARG002
        flow_run: FlowRun | None = None,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse a flow that would run at once: who starts next is decided among scheduled runs.

        Raises:
            NoLeaseError: always; it names what to use.
        """
        raise NoLeaseError(flow.name, self._work_pool_name)

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: JobConfiguration,
        grace_seconds: int = 30,  # noqa: ARG002 - its flow has not begun
    ) -> None:
        """Kill the process of a run that was cancelled before its flow began."""
        run_id = UUID(configuration.env["PREFECT__FLOW_RUN_ID"] or "")
        if not await self.host.kill(run_id):
            raise InfrastructureNotFound(f"No process {infrastructure_pid} of ours runs it.")

    @property
    def host(self) -> Host:
        """What this worker shares with the others of its process."""
        assert self._host is not None  # noqa: S101 - from `setup` on
        return self._host


class _Started(anyio.abc.TaskStatus[int]):
    """Hears of a process, as `anyio.TaskGroup.start` would."""

    def __init__(self, then: Callable[[int], None]) -> None:
        self._then = then

    def started(self, value: int | None = None) -> None:
        if value is not None:
            self._then(value)
