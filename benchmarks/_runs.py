"""Runs of deployments on a real Prefect server, submitted and timed by a program."""

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, StateType
from prefect.workers.process import ProcessWorker

from neurocortex.ledger.wakes import Wakes

POLL_S: Final = 0.5
"""Between two looks whether runs have ended: each costs the server some milliseconds."""

TIMEOUT_S: Final = 180.0
PAGE: Final = 200
"""As many runs as the server gives at a time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment to submit runs of."""

    client: PrefectClient
    id: UUID
    pool: str
    wakes: Wakes | None
    """Announces its runs; None: they are found by polling."""

    async def submit(self, **parameters: object) -> FlowRun:
        """Submit a run that is due at once."""
        run = await self.client.create_flow_run_from_deployment(self.id, parameters=parameters)
        if self.wakes is not None:
            await self.wakes.announce(self.pool)
        return run

    async def start_s(self) -> float:
        """Run it once; return the seconds from before the call that submits it to Running."""
        before = time.time()
        return (await self.running_at()).timestamp() - before

    async def running_at(self) -> datetime:
        """Run it once; return when it was Running first."""
        run = await self.submit()
        await ended(self.client, [run.id])
        states = await self.client.read_flow_run_states(run.id)
        return min(state.timestamp for state in states if state.type is StateType.RUNNING)

    async def runs_per_s(self, count: int) -> float:
        """Submit so many runs at once; return how many completed per second until the last had."""
        before = time.time()
        runs = await asyncio.gather(*(self.submit() for _ in range(count)))
        done = await ended(self.client, [run.id for run in runs])
        last = max(run.end_time.timestamp() for run in done if run.end_time is not None)
        return count / (last - before)


async def deploy(
    client: PrefectClient, entrypoint: str, pool: str, wakes: Wakes | None = None
) -> Target:
    """Deploy a flow of this package to a work pool.

    Args:
        client: of the Prefect server.
        entrypoint: `module.flow`; the flow is named as its function.
        pool: a work pool that exists.
        wakes: see `Target`.
    """
    name = entrypoint.rpartition(".")[2]
    flow = await client.create_flow_from_name(name)
    deployment = await client.create_deployment(
        flow, name=f"{name}-{pool}", entrypoint=entrypoint, work_pool_name=pool
    )
    return Target(client, deployment, pool, wakes)


async def make_process_pool(client: PrefectClient, pool: str) -> None:
    """Make a work pool for Prefect's own process worker."""
    template = ProcessWorker.get_default_base_job_template()
    await client.create_work_pool(
        WorkPoolCreate(name=pool, type=ProcessWorker.type, base_job_template=template)
    )


async def read(client: PrefectClient, runs: list[UUID]) -> list[FlowRun]:
    """Return the runs as they are now."""
    found: list[FlowRun] = []
    for at in range(0, len(runs), PAGE):
        page = FlowRunFilter(id=FlowRunFilterId(any_=runs[at : at + PAGE]))
        found += await client.read_flow_runs(flow_run_filter=page, limit=PAGE)
    return found


def _under_way(runs: list[UUID]) -> FlowRunFilter:
    """Counting them costs the server a fraction of what reading them would."""
    final = FlowRunFilterStateType(not_any_=list(TERMINAL_STATES))
    return FlowRunFilter(id=FlowRunFilterId(any_=runs), state=FlowRunFilterState(type=final))


async def ended(client: PrefectClient, runs: list[UUID]) -> list[FlowRun]:
    """Wait for the end of the runs, and return them; one that did not complete ends the program."""
    async with asyncio.timeout(TIMEOUT_S):
        while await client.count_flow_runs(flow_run_filter=_under_way(runs)):
            await asyncio.sleep(POLL_S)
    found = await read(client, runs)
    for run in found:
        if run.state is None or not run.state.is_completed():
            sys.exit(f"Flow run {run.name} ended otherwise: {run.state}")
    return found
