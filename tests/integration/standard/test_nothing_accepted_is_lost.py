"""Every accepted request gets its flow run, and only one, whatever dies meanwhile."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Timer
from uuid import UUID

from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterIdempotencyKey,
)
from prefect.settings import PREFECT_API_URL

from neurocortex.domain.deployments import Tier
from neurocortex.tracking.record import Start
from neurocortex.tracking.table import RequestTable
from tests.integration.standard.conftest import PATIENCE_S, Gateway, gateway, until
from tests.integration.standard.test_standard_lane import TENANT, record, started

PROGRAM = "tests.integration.standard.accepting"
ROOT = Path(__file__).parents[3]


async def runs_of(here: Gateway, deployment: str, requests: Iterable[UUID]) -> int:
    """Count the flow runs of these requests."""
    found = await here.client.read_flow_runs(
        deployment_filter=DeploymentFilter(
            name=DeploymentFilterName(any_=[deployment.partition("/")[2]])
        ),
        flow_run_filter=FlowRunFilter(
            idempotency_key=FlowRunFilterIdempotencyKey(any_=[str(each) for each in requests])
        ),
    )
    return len(found)


def test_a_gateway_that_is_killed_after_it_accepted(
    redis_url: str, table: RequestTable, requests_url: str, deployment: str
) -> None:
    asked, start = record(), Start(deployment=deployment, parameters={"text": "x"})
    arguments = [redis_url, requests_url, asked.model_dump_json(), start.model_dump_json()]
    with subprocess.Popen(
        [sys.executable, "-m", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())},
    ) as killed:
        assert killed.stdout is not None
        too_late = Timer(PATIENCE_S, killed.kill)
        too_late.start()
        said = killed.stdout.readline()
        too_late.cancel()
        killed.kill()
    assert said == b"accepted\n"

    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            await started(here, asked.id)
            assert await runs_of(here, deployment, [asked.id]) == 1

    asyncio.run(scenario())


def test_redis_is_emptied_while_requests_wait(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        start = Start(deployment=deployment, parameters={"text": "x"})
        async with gateway(redis_url, table, running=False) as here:
            asked = [record() for _ in range(20)]
            await asyncio.gather(*(here.lane.submit(each, start) for each in asked))
            await here.redis.flushdb()
        async with gateway(redis_url, table) as here:
            for each in asked:
                await started(here, each.id)
            assert await runs_of(here, deployment, (each.id for each in asked)) == 20

            async def places_are_held() -> bool:
                return (await here.admission.standing()).standard[Tier.HIGH].held == 20

            await until(places_are_held, "the places of those that wait are held again")

    asyncio.run(scenario())


def test_two_gateways_start_the_same_request(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        start = Start(deployment=deployment, parameters={"text": "x"})
        async with (
            gateway(redis_url, table, running=False) as asleep,
            gateway(redis_url, table) as one,
            gateway(redis_url, table) as other,
        ):
            asked = [record() for _ in range(5)]
            for each in asked:
                await asleep.lane.submit(each, start)
            for each in asked:
                one.lane.start(each.id)
                other.lane.start(each.id)
            for each in asked:
                await started(one, each.id)
                assert (await one.tracker.get(each.id, TENANT)).error is None
            assert await runs_of(one, deployment, (each.id for each in asked)) == 5

    asyncio.run(scenario())
