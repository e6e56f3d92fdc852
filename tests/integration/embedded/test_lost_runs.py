"""Runs whose process is gone, on a real Prefect server."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Pending, Running

from neurocortex.domain.deployments import Tier
from neurocortex.embedded.lost_runs import WORKER_LABEL, WORKER_NAME, LostRuns


@flow
def any_flow() -> None:
    """Do nothing: its runs are made, never run."""


@pytest.fixture
def prefect_api(prefect_server: str) -> Iterator[str]:
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        yield prefect_server


@pytest.fixture
def dead_pid() -> str:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as ended:
        pass
    return str(ended.pid)


async def make_run(
    client: PrefectClient, state: State[None], pid: str | None, worker: str = WORKER_NAME
) -> UUID:
    with suppress(ObjectAlreadyExists):  # another test of this server made it
        await client.create_work_pool(WorkPoolCreate(name=Tier.LOW.value, type="process"))
    run = await client.create_flow_run(any_flow, state=state, work_pool_name=Tier.LOW.value)
    await client.update_flow_run_labels(run.id, {WORKER_LABEL: worker})
    if pid is not None:
        await client.update_flow_run(run.id, infrastructure_pid=pid)
    return run.id


def test_a_run_is_crashed_when_its_process_is_gone_at_two_sweeps(
    prefect_api: str, dead_pid: str
) -> None:
    async def scenario() -> None:
        async with get_client() as client:
            alive = str(os.getpid())
            lost = [
                await make_run(client, Running(), dead_pid),
                await make_run(client, Pending(), dead_pid),
                await make_run(client, Pending(), None),
            ]
            kept = [
                await make_run(client, Running(), alive),
                await make_run(client, Running(), dead_pid, worker="another@machine"),
                await make_run(client, Completed(), dead_pid),
            ]
            before = await states(client, [*lost, *kept])

            runs = LostRuns(client)
            await runs.sweep()
            assert await states(client, [*lost, *kept]) == before
            await runs.sweep()
            assert set(await states(client, lost)) == {StateType.CRASHED}
            assert await states(client, kept) == before[len(lost) :]

            crashed = await client.read_flow_run(lost[0])
            assert crashed.state is not None
            assert "Run it again" in (crashed.state.message or "")

    asyncio.run(scenario())


async def states(client: PrefectClient, runs: list[UUID]) -> list[StateType | None]:
    return [(await client.read_flow_run(run)).state_type for run in runs]
