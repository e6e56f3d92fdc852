"""What a tier may have does not fall to nothing where the ledger was lost, or Prefect is away."""

import asyncio
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.values import Lease, WorkerOffer
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, TierSettings
from neurocortex.worker.allocator import Allocator
from neurocortex.worker.dispatcher import Dispatcher
from neurocortex.worker.due import DueRuns, Taken

NOWHERE = "http://127.0.0.1:1/api"
OFFER = WorkerOffer(name="one", slots=4, offered=Resources(4.0, 8192.0, 8192.0, 1000.0), lease_s=30)


def test_limits_outlast_the_loss_of_the_ledger_and_wait_for_no_prefect(redis_url: str) -> None:
    async def refuse(run: FlowRun, state: State) -> None:
        pytest.fail(f"{run.name}: {state.message}")

    def begin(taken: Taken, lease: Lease) -> None:
        pytest.fail(f"{taken.run.name}: {lease}")

    async def lose() -> None:
        async with (
            PrefectClient(NOWHERE) as client,
            Redis.from_url(redis_url, decode_responses=True) as redis,
        ):
            namespace = uuid4().hex
            ledger, allocations = Ledger(redis, namespace), Allocations(redis, namespace)
            policy = Policy.of(TierSettings(), SchedulingSettings())
            due = DueRuns(client, ledger, [], is_ours=lambda _: True, refuse=refuse)
            dispatcher = Dispatcher(due, ledger, OFFER, policy, begin)
            allocator = Allocator(client, ledger, allocations, OFFER, policy)
            await ledger.join(OFFER)
            await allocator.allocate(due, dispatcher)
            limits = dispatcher.limits
            assert limits[Tier.CRITICAL] == OFFER.slots
            await redis.delete(*[key async for key in redis.scan_iter(f"{namespace}:*")])
            await allocator.allocate(due, dispatcher)
            assert dispatcher.limits == limits

    asyncio.run(lose())
