"""The allocator's board: one writer, many readers."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.ledger.allocations import Allocations

pytestmark = pytest.mark.anyio


@pytest.fixture
def allocations(client: Redis) -> Allocations:
    return Allocations(client)


async def test_one_worker_leads_until_it_stops_saying_so(allocations: Allocations) -> None:
    answers = await asyncio.gather(*(allocations.lead(f"w{n}", 0.2) for n in range(5)))
    assert answers.count(True) == 1
    leader = f"w{answers.index(True)}"
    assert await allocations.lead(leader, 0.2)
    assert not await allocations.lead("another", 0.2)
    await asyncio.sleep(0.25)
    assert await allocations.lead("another", 0.2)


async def test_limits_are_read_as_the_leader_wrote_them(allocations: Allocations) -> None:
    assert await allocations.limits() is None
    await allocations.lead("me", 5)
    limits = {Tier.HIGH: 3, Tier.LOW: 0}
    assert await allocations.set_limits(limits, ["low lends 1 to high"], "me")
    assert not await allocations.set_limits({}, [], "another")
    written = await allocations.limits()
    assert written is not None
    assert (written.limits, written.decisions) == (limits, ("low lends 1 to high",))
    assert written.writer == "me"
    assert written.at == pytest.approx(time.time(), abs=5)


async def test_demand_is_heard_from_the_workers_of_all_pools(allocations: Allocations) -> None:
    now = time.time()
    await allocations.demand({"gone": {Tier.LOW: 9}}, now - 60)
    await allocations.demand({"high": {Tier.HIGH: 5}}, now - 1)
    await allocations.demand({"high": {Tier.HIGH: 3}, "low": {}}, now)
    heard = await allocations.demand({"gpu": {Tier.HIGH: 2, Tier.LOW: 4}}, now)
    assert heard == {Tier.HIGH: 5, Tier.LOW: 4}
