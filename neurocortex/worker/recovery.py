"""Putting right in Prefect what happened to runs whose process or worker is gone."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import Abort, ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed
from prefect.utilities.engine import propose_state
from pydantic import ValidationError

from neurocortex.ledger.reconcile import UNDER_WAY, Action, Kind, Step, View
from neurocortex.worker import job
from neurocortex.worker.arrivals import PAGE

KINDS: Final = {
    StateType.PENDING: Kind.STARTING,
    StateType.RUNNING: Kind.RUNNING,
    StateType.CANCELLING: Kind.CANCELLING,
    StateType.SCHEDULED: Kind.WAITING,
    StateType.PAUSED: Kind.WAITING,
}
"""By Prefect's states; every other has ended."""

AGAIN: Final = "It starts again"
"""What the state says from which a lost run starts anew. The run's history is where it is counted:
that outlives workers and Redis."""

FOR_ANY_WORKER: Final = "reschedule"
"""Prefect's word for a retry that does not wait in a process."""

logger = logging.getLogger(__name__)


class Recovery:
    """Reads what Prefect believes of runs, and corrects it."""

    def __init__(self, client: PrefectClient, pools: Sequence[str], restarts: int) -> None:
        """Take the work pools by name, and how often a run may start again."""
        self._client = client
        self._restarts = restarts
        self._pools = WorkPoolFilter(name=WorkPoolFilterName(any_=list(pools)))

    async def views(self, runs: Collection[UUID]) -> Mapping[UUID, View]:
        """Return Prefect's view of these runs; a run that was deleted is missing."""
        if not runs:
            return {}
        return await self._read(FlowRunFilter(id=FlowRunFilterId(any_=list(runs))))

    async def under_way(self) -> Mapping[UUID, View]:
        """Return all runs of the pools that Prefect believes a worker to be busy with."""
        busy = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
        state = FlowRunFilterState(type=FlowRunFilterStateType(any_=busy))
        return await self._read(FlowRunFilter(state=state))

    async def carry_out(self, step: Step) -> State | None:
        """Do what a step says about the run's state; whatever its lease needs is the caller's.

        Returns:
            The state the run is in now; None where it was left as it is.
        """
        if step.action not in (Action.RESTART, Action.CRASH, Action.CANCEL):
            return None
        try:
            if not await self._concerns(step):
                return None
            state = await self._state(step)
            if state.is_scheduled():
                await self.let_any_worker_take(step.run)
                # That took a while. A process may be killed while its last report is on its way.
                if not await self._concerns(step):
                    return None
            logger.warning("Flow run %s: %s (%s)", step.run, step.reason, step.action)
            await self._client.set_flow_run_state(step.run, state, force=True)
        except ObjectNotFound:
            logger.info("Flow run %s was deleted meanwhile.", step.run)
            return None
        return state

    async def _concerns(self, step: Step) -> bool:
        kind = _kind(await self._client.read_flow_run(step.run))
        if kind is Kind.CANCELLING:
            # Somebody wants it to end: else that is seen to when it is looked at again.
            return step.action is Action.CANCEL
        return kind in UNDER_WAY  # else it has ended since it was looked at

    async def _state(self, step: Step) -> State:
        """Return the state that a step puts a run in; a restart has an end."""
        if step.action is Action.CANCEL:
            return Cancelled(message=f"{step.reason} It was being cancelled.")
        if step.action is Action.CRASH:
            return Crashed(message=f"{step.reason} It may have done a part of its work.")
        history = await self._client.read_flow_run_states(step.run)
        before = sum(AGAIN in (state.message or "") for state in history)
        if before >= self._restarts:
            return Crashed(
                message=(
                    f"{step.reason} It has started again {before} times, and no more:"
                    " see `NEUROCORTEX_WORKER__RESTARTS`."
                )
            )
        message = f"{step.reason} {AGAIN} ({before + 1} of {self._restarts})."
        return AwaitingRetry(scheduled_time=datetime.now(UTC), message=message)

    async def refuse(self, run: FlowRun, state: State) -> None:
        """End a run that cannot start, in a state that says why."""
        logger.warning("Flow run %s cannot start: %s", run.name, state.message)
        try:
            await propose_state(self._client, state, flow_run_id=run.id)
        except (Abort, ObjectNotFound):
            logger.info("Flow run %s has ended already.", run.name)

    async def let_any_worker_take(self, run_id: UUID) -> None:
        """Make a retry that waits for its process one that waits for a worker."""
        run = await self._client.read_flow_run(run_id)
        policy = run.empirical_policy.model_copy(update={"retry_type": FOR_ANY_WORKER})
        await self._client.update_flow_run(run_id, empirical_policy=policy)

    async def _read(self, which: FlowRunFilter) -> Mapping[UUID, View]:
        found: dict[UUID, View] = {}
        while True:
            page = await self._client.read_flow_runs(
                flow_run_filter=which,
                work_pool_filter=self._pools,
                limit=PAGE,
                offset=len(found),
            )
            for run in page:
                found[run.id] = View(
                    _kind(run), _has_not_begun(run) or await self._may_restart(run)
                )
            if len(page) < PAGE:
                return found

    async def _may_restart(self, run: FlowRun) -> bool:
        """Return whether the run, its deployment or its pool says that it may run twice."""
        try:
            pool = await self._client.read_work_pool(run.work_pool_name or "")
            deployment = (
                await self._client.read_deployment(run.deployment_id) if run.deployment_id else None
            )
            return job.variables(pool, deployment, run).restart_when_lost
        except (ObjectNotFound, ValidationError):
            return False


def _has_not_begun(run: FlowRun) -> bool:
    """Return whether a worker took the run, and nothing of its flow has run yet."""
    return _kind(run) is Kind.STARTING and run.run_count == 0


def _kind(run: FlowRun) -> Kind:
    state = run.state_type or (run.state.type if run.state else None)
    return Kind.WAITING if state is None else KINDS.get(state, Kind.ENDED)
