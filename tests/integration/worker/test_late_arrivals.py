"""A run is found although it was committed long after the time it bears."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from neurocortex.worker import arrivals
from neurocortex.worker.arrivals import Arrivals


@flow
def nothing() -> None:
    """Stand for any flow."""


class Submitting:
    """A deployment on a pool of its own, and its runs."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = client
        self.pool = f"late-{uuid4().hex}"

    async def deployed(self) -> "Submitting":
        await self.client.create_work_pool(WorkPoolCreate(name=self.pool, type="process"))
        flow_id = await self.client.create_flow(nothing)
        self.deployment = await self.client.create_deployment(
            flow_id, name=self.pool, work_pool_name=self.pool
        )
        return self

    async def run(self, seconds_ago: float) -> UUID:
        """Submit a run that has been due for so long."""
        due: State[None] = Scheduled(
            scheduled_time=datetime.now(UTC) - timedelta(seconds=seconds_ago)
        )
        return (await self.client.create_flow_run_from_deployment(self.deployment, state=due)).id


@pytest.mark.parametrize("excluded", [200, 0], ids=["few wait", "many wait"])
def test_a_late_run_is_new_where_few_wait(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch, excluded: int
) -> None:
    monkeypatch.setattr(arrivals, "EXCLUDED", excluded)

    async def main() -> None:
        async with get_client() as client:
            submitting = await Submitting(client).deployed()
            due = Arrivals(client, [submitting.pool])
            known = await submitting.run(0)
            assert [run.id for run in await due.new()] == [known]
            due.entered()
            late = await submitting.run(10)
            found = {run.id for run in await due.new([known])}
            assert found == ({late} if excluded else {known}), "those before and those too late"
            assert {run.id for run in (await due.page(0)).due} == {known, late}

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        asyncio.run(main())
