"""Runs of the standing flow whose process has died: no worker ran them, so none ends them."""

import asyncio
import logging
from typing import Final

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed
from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.realtime import layout
from neurocortex.realtime.lost import FLOW

LOOK_EVERY_S: Final = 30.0
"""Nobody waits for it: it is for who looks at the UI."""

UNENDED: Final = [StateType.RUNNING, StateType.PENDING]

logger = logging.getLogger(__name__)


async def end_for_ever(redis: Redis, lost_after_s: float) -> None:
    """End such runs: once signs of life from before our start have ended, then now and then."""
    pause = lost_after_s
    while not is_cancelled():
        await asyncio.sleep(pause)
        pause = LOOK_EVERY_S
        try:
            async with get_client() as client:
                await end(client, redis)
        except (httpx.HTTPError, RedisError, OSError) as error:
            logger.debug("Runs of dead processes are looked for later: %s", error)


async def end(client: PrefectClient, redis: Redis) -> int:
    """Mark the runs of dead processes as crashed; return how many there were."""
    runs = await client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNENDED))
        ),
    )
    ended = 0
    for run in runs:
        key = f"{layout.NAMESPACE}:{layout.alive(str(run.parameters.get('consumer')))}"
        if not await redis.exists(key):
            state: State[None] = Crashed(
                message="Its process died; another one takes over its requests."
            )
            await client.set_flow_run_state(run.id, state, force=True)
            ended += 1
    return ended
