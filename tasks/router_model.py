"""What the router learns from finished runs: read, learned, published."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from redis.asyncio import Redis

import blocks
from blocks import saved
from neurocortex.learning.consumption import Consumed, Consumption
from neurocortex.learning.finished import Finished
from neurocortex.learning.model import RouterModel
from neurocortex.learning.recorded import recorded
from neurocortex.learning.report import RouterReport
from neurocortex.learning.store import LearningStore
from neurocortex.learning.watching import DAY_S, RELEASE
from neurocortex.settings import settings
from neurocortex.tracking.table import RequestTable
from tasks.markdown import plain
from tasks.options import LOAD, STEP

Runs = Mapping[str, Sequence[Finished]]
"""By operation, in the order in which they ended."""


@task(**LOAD, task_run_name="read finished runs", cache_policy=NO_CACHE, persist_result=False)
def read_finished_runs(lake: str, stream: str) -> Runs:
    """Return the runs that are known of each operation.

    Args:
        lake: name of the Lake block: its database has the requests of the standard lane.
        stream: name of the Stream block: its Redis has sampled runs of the real-time lane.
    """
    found: defaultdict[str, list[Finished]] = defaultdict(list)
    url = saved.load(blocks.Stream, stream).url.get_secret_value()
    runs, taken = asyncio.run(_sampled(url))
    for run in runs:
        found[run.operation].append(run)
    since = time.time() - settings().routing.learn_from_days * DAY_S
    with RequestTable(saved.load(blocks.Lake, lake).url.get_secret_value()) as table:
        for run in recorded(table, since, taken):
            found[run.operation].append(run)
    return {name: sorted(found[name], key=lambda run: run.at) for name in sorted(found)}


@task(**LOAD, task_run_name="learn the router", cache_policy=NO_CACHE, persist_result=False)
def learn_router(runs: Runs) -> RouterModel:
    """Learn how long requests take, and judge that beside the pipelines' rules."""
    from neurocortex.learning.training import learn  # scikit-learn: 1 s to import

    return learn(runs, RELEASE, settings().routing.least_runs, datetime.now(UTC))


@task(**STEP, task_run_name="publish the router", cache_policy=NO_CACHE, persist_result=False)
def publish_router(stream: str, model: RouterModel) -> None:
    """Let the gateways use what was learned, as far as it serves."""
    asyncio.run(_publish(saved.load(blocks.Stream, stream).url.get_secret_value(), model))


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_router_report(report: RouterReport) -> None:
    """Leave what serves, and why or why not, as an artifact."""
    create_markdown_artifact(
        render(report), key="router-report", description="What the router learned"
    )


def render(report: RouterReport) -> str:
    """Return the report as Markdown."""
    lines = ["## What the router learned", ""]
    if not report.is_used:
        lines += ["Nothing of it is used: the setting `routing.learned` is off.", ""]
    lines += ["| operation | runs | serves | why |", "| --- | ---: | --- | --- |"]
    lines += [
        f"| {plain(each.operation)} | {each.runs} | {', '.join(each.serves) or 'the rule'}"
        f" | {plain('; '.join(each.reasons))} |"
        for each in report.operations
    ]
    return "\n".join(lines)


async def _sampled(url: str) -> tuple[Sequence[Finished], Mapping[UUID, Consumed]]:
    """Return sampled runs of the real-time lane, and what flow runs took."""
    async with Redis.from_url(url) as redis:
        store = LearningStore(redis)
        runs = [run for name in await store.operations() for run in await store.runs(name)]
        return runs, await Consumption(redis).all()


async def _publish(url: str, model: RouterModel) -> None:
    async with Redis.from_url(url) as redis:
        await LearningStore(redis).publish(model)
