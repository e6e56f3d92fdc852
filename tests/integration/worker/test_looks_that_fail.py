"""A look for due runs that fails halfway loses none of what it found."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Scheduled
from redis.asyncio import Redis

from neurocortex.ledger.ledger import Ledger
from neurocortex.worker.arrivals import OVERLAP
from neurocortex.worker.due import DueRuns

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform

POOL: Final = "looked-at"


def test_what_was_found_and_not_entered_is_found_by_the_next_look(
    platform: "Platform", redis_url: str
) -> None:
    """It is too old by then to be found as one that has just become due."""
    platform.make_pool(POOL)
    deployment = platform.deploy("add", POOL)
    failing = False

    def is_ours(run: FlowRun) -> bool:
        if failing:
            raise ConnectionError(run.name)
        return run.work_pool_name == POOL

    async def refuse(run: FlowRun, state: State) -> None:
        pytest.fail(f"{run.name}: {state.message}")

    async def look_twice() -> bool:
        nonlocal failing
        async with (
            PrefectClient(platform.api_url) as client,
            Redis.from_url(redis_url, decode_responses=True) as redis,
        ):
            due = DueRuns(client, Ledger(redis), [POOL], is_ours=is_ours, refuse=refuse)
            await due.refresh(())
            looked_at = datetime.now(UTC)
            became_due = looked_at - OVERLAP + timedelta(seconds=1)
            run = await client.create_flow_run_from_deployment(
                deployment, state=Scheduled(scheduled_time=became_due), parameters={"numbers": [1]}
            )
            await asyncio.sleep((became_due + OVERLAP - datetime.now(UTC)).total_seconds() + 0.1)
            failing = True
            with pytest.raises(ConnectionError):
                await due.refresh(())
            failing = False
            await due.refresh(())
            return run.id in due.backlog

    assert asyncio.run(look_twice())
