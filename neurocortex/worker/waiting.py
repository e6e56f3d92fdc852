"""Why one run waits, for somebody who is no worker: read from Prefect and the ledger alone."""

import time
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from redis.asyncio import Redis

from neurocortex.embedded.running import Running
from neurocortex.errors import NotRunningError
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import variable
from neurocortex.worker.due import DueRuns
from neurocortex.worker.explaining import sentence, why


async def explain_waiting(run_id: UUID, running: Running) -> str:
    """Return one or more sentences.

    Args:
        run_id: a flow run that Prefect shows as scheduled.
        running: the platform it waits in.

    Raises:
        NotRunningError: the platform's Redis is not known.
        LedgerUnavailableError: Redis does not answer.
    """
    if running.redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    async with (
        get_client() as client,
        Redis.from_url(running.redis_url, decode_responses=True) as redis,
    ):
        run = await client.read_flow_run(run_id)
        due = run.next_scheduled_start_time
        if due is not None and due.timestamp() > time.time():
            return f"It is not due before {due:%Y-%m-%d %H:%M:%S %Z}."
        if run.work_pool_name is None:
            return "It is in no work pool: whoever made it has to run it."
        ledger = Ledger(redis)
        offers = await ledger.workers()
        if not offers:
            return "No worker is there to run it. Start one: `neurocortex worker`."
        wrong: dict[UUID, str] = {}

        async def remember(refused: FlowRun, state: State) -> None:
            wrong[refused.id] = str(state.message or state.name)

        pools = [pool.name for pool in await client.read_work_pools()]
        waiting = DueRuns(client, ledger, pools, is_ours=lambda _: True, refuse=remember)
        await waiting.refresh(())
        if run_id in wrong:
            return wrong[run_id]
        if run_id not in waiting.backlog:
            return "Its work pool or its work queue is paused, or it has just been taken."
        usages = [await ledger.usage(offer.name) for offer in offers]
        current = await Allocations(redis).limits()
        policy = Policy.of(running.settings.tiers, running.settings.scheduling)
        found = await why(
            run_id,
            waiting.backlog,
            ledger,
            max(usages, key=lambda usage: usage.free_slots),
            current.limits if current else {},
            policy,
        )
        work = waiting.backlog.get(run_id)
        assert work is not None  # noqa: S101 - looked up above
        return sentence(found, work.tier)
