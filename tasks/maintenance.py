"""The steps of a maintenance window, and its report."""

import asyncio
import time
from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from redis.asyncio import Redis

import blocks
from blocks import saved
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake import maintenance
from neurocortex.lake.maintenance import Done, Step
from neurocortex.ledger.allocations import Allocations
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.markdown import plain
from tasks.options import LOAD, STEP


@task(**STEP, task_run_name="look what there is to do", cache_policy=NO_CACHE)
def plan_maintenance(lake: str) -> tuple[Step, ...]:
    """Return the steps of this window, in order."""
    with opened(lake) as store:
        return maintenance.plan(store.engine)


@task(**LOAD, task_run_name="{step.title}", cache_policy=NO_CACHE)
def maintain(lake: str, step: Step) -> Done:
    """Do one step."""
    with opened(lake) as store:
        return maintenance.do(store.engine, step, settings().maintenance)


@task(**STEP, task_run_name="look who waits", cache_policy=NO_CACHE)
def count_waiting() -> int:
    """Return how many runs wait for a slot; 0 where no Redis is known."""
    block = saved.find(blocks.Stream, DEFAULT_BLOCK)
    return asyncio.run(_waiting(block.url.get_secret_value())) if block else 0


async def _waiting(url: str) -> int:
    async with Redis.from_url(url, decode_responses=True) as redis:
        return sum((await Allocations(redis).demand({}, time.time())).values())


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_maintenance(done: Sequence[Done], left: Sequence[Step]) -> None:
    """Leave what was done, and what not, as an artifact."""
    create_markdown_artifact(
        render(done, left), key="maintenance-report", description="Upkeep of the Lake"
    )


def render(done: Sequence[Done], left: Sequence[Step]) -> str:
    """Return it as Markdown."""
    lines = ["## Upkeep of the Lake", "", "| step | result | seconds |", "| --- | --- | ---: |"]
    lines += [
        f"| {plain(each.step.title)} | {plain(each.result)} | {each.seconds:.1f} |" for each in done
    ]
    if left:
        lines += ["", f"{len(left)} steps were left for the next time, because other runs waited."]
    return "\n".join(lines)
