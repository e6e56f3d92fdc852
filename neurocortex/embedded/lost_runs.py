"""Declare flow runs crashed whose process is gone.

A worker tells Prefect how its runs ended. When the worker itself is killed, nobody does, and its
runs would be shown as running for ever and hold their slots of the pool.
"""

import logging
import socket
from datetime import timedelta
from typing import Final
from uuid import UUID

import psutil
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

from neurocortex.domain.deployments import Tier

WORKER_NAME: Final = f"neurocortex@{socket.gethostname()}"
"""The same after a restart: it is one worker to people, and to the runs it left behind."""

WORKER_LABEL: Final = "prefect.worker.name"
"""Prefect's workers put their name on each run they take."""

SWEEP_EVERY: Final = timedelta(seconds=15)
"""A run counts as lost when two sweeps find it so: between two steps of its start or its end a
run may look lost for a moment."""

MESSAGE: Final = "The worker was ended while this ran, and its process with it. Run it again."

logger = logging.getLogger(__name__)


class LostRuns:
    """Finds the lost runs of this machine's worker."""

    def __init__(self, client: PrefectClient) -> None:
        self._client = client
        self._suspects: frozenset[UUID] = frozenset()

    async def sweep(self) -> None:
        """Declare crashed what looked lost at the sweep before too."""
        lost = {run.id: run for run in await self._unfinished() if _is_lost(run)}
        for run_id in self._suspects & lost.keys():
            logger.warning("Flow run %s lost its process; it is crashed now.", lost[run_id].name)
            await self._client.set_flow_run_state(run_id, Crashed(message=MESSAGE), force=True)
        self._suspects = frozenset(lost) - self._suspects

    async def _unfinished(self) -> list[FlowRun]:
        going = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
        return await self._client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=going))
            ),
            work_pool_filter=WorkPoolFilter(
                name=WorkPoolFilterName(any_=[tier.value for tier in Tier])
            ),
        )


def _is_lost(run: FlowRun) -> bool:
    if run.labels.get(WORKER_LABEL) != WORKER_NAME:
        return False
    pid = run.infrastructure_pid
    # Taken, but without a process yet: normal for a moment, and two sweeps are apart by more.
    return pid is None or not psutil.pid_exists(int(pid))
