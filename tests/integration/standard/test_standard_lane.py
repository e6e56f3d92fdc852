"""A request of the standard lane is a flow run, followed to its end."""

import asyncio
import json
import time
from uuid import UUID, uuid4

import pytest
from prefect.states import Cancelled, Failed, Pending, Running

from neurocortex.admission.limits import Limits
from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.errors import QueueFullError
from neurocortex.routing.route import Lane
from neurocortex.spending.runs import note
from neurocortex.tracking.record import Record, Start, State
from neurocortex.tracking.table import RequestTable
from tests.integration.standard.conftest import Gateway, complete, gateway, until

TENANT = "acme"

CALL = Usage(calls=1, prompt_tokens=30, completion_tokens=4, cost=0.125)


def record(deadline: float | None = None) -> Record:
    return Record(
        id=uuid4(),
        tenant=TENANT,
        operation="count",
        lane=Lane.STANDARD,
        tier=Tier.HIGH,
        created=time.time(),
        deadline=deadline,
    )


async def started(at: Gateway, request: UUID) -> UUID:
    """Wait for the flow run of a request, and return its id."""

    async def has_run() -> bool:
        return (await at.tracker.get(request, TENANT)).flow_run is not None

    await until(has_run, "it has a flow run")
    run = (await at.tracker.get(request, TENANT)).flow_run
    assert run is not None
    return run


def test_from_a_request_to_its_result(redis_url: str, table: RequestTable, deployment: str) -> None:
    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            asked = record()
            start = Start(deployment=deployment, parameters={"text": "drei kleine Wörter"})
            await here.lane.submit(asked, start)
            assert (await here.admission.standing()).standard[Tier.HIGH].held == 1
            run = await here.client.read_flow_run(await started(here, asked.id))
            assert f"tenant:{TENANT}" in run.tags
            assert run.job_variables == {"tenant": TENANT}
            for _ in range(2):  # its process tells of each call
                await asyncio.to_thread(note, redis_url, run.id, CALL)
            await complete(here.client, run.id, {"words": 3})
            ended = await here.tracker.wait(asked.id, TENANT, 20)
            assert ended.state is State.COMPLETED
            assert ended.usage == CALL + CALL
            result = await here.tracker.result(asked.id, TENANT)
            assert json.loads(result or b"") == {"words": 3}

            async def is_free() -> bool:
                return (await here.admission.standing()).standard[Tier.HIGH].held == 0

            await until(is_free, "its place is free")

    asyncio.run(scenario())


def test_its_place_is_free_when_its_run_starts(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        limits = Limits(queues={**Limits().queues, Tier.HIGH: 1})
        async with gateway(redis_url, table, limits=limits) as here:
            first = record()
            start = Start(deployment=deployment, parameters={"text": "x"})
            await here.lane.submit(first, start)
            with pytest.raises(QueueFullError):
                await here.lane.submit(record(), start)
            run = await started(here, first.id)
            await here.client.set_flow_run_state(run, Pending())
            await here.client.set_flow_run_state(run, Running())

            async def is_running() -> bool:
                return (await here.tracker.get(first.id, TENANT)).state is State.RUNNING

            await until(is_running, "it is running")
            await here.lane.submit(record(), start)
            await here.client.set_flow_run_state(run, Failed(message="no more paper"))
            ended = await here.tracker.wait(first.id, TENANT, 20)
            assert ended.error is not None
            assert (ended.error.code, ended.error.message) == ("flow_failed", "no more paper")

    asyncio.run(scenario())


def test_who_cancels_a_request_cancels_its_run(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            asked = record()
            await here.lane.submit(asked, Start(deployment=deployment, parameters={"text": "x"}))
            run = await started(here, asked.id)
            await here.tracker.cancel(asked.id, TENANT)
            assert (await here.tracker.wait(asked.id, TENANT, 20)).state is State.CANCELLED
            state = (await here.client.read_flow_run(run)).state
            assert state is not None
            assert state.type == Cancelled().type

    asyncio.run(scenario())


def test_a_request_ends_with_its_deadline(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            asked = record(deadline=time.time() + 1.5)
            await here.lane.submit(asked, Start(deployment=deployment, parameters={"text": "x"}))
            ended = await here.tracker.wait(asked.id, TENANT, 20)
            assert ended.error is not None
            assert ended.error.code == "deadline_passed"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [("nobody/nothing", {}, "not_deployed"), (None, {"text": 3}, "flow_refused")],
)
def test_what_cannot_be_started_fails_and_says_why(
    redis_url: str,
    table: RequestTable,
    deployment: str,
    name: str | None,
    parameters: dict[str, object],
    code: str,
) -> None:
    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            asked = record()
            start = Start(deployment=name or deployment, parameters=parameters)
            await here.lane.submit(asked, start)
            ended = await here.tracker.wait(asked.id, TENANT, 20)
            assert ended.error is not None
            assert ended.error.code == code

    asyncio.run(scenario())


def test_a_run_that_somebody_deleted_is_no_riddle(
    redis_url: str, table: RequestTable, deployment: str
) -> None:
    async def scenario() -> None:
        async with gateway(redis_url, table) as here:
            asked = record()
            await here.lane.submit(asked, Start(deployment=deployment, parameters={"text": "x"}))
            await here.client.delete_flow_run(await started(here, asked.id))
            ended = await here.tracker.wait(asked.id, TENANT, 20)
            assert ended.error is not None
            assert ended.error.code == "flow_deleted"

    asyncio.run(scenario())
