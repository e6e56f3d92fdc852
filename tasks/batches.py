"""Working off a batch of requests."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks import saved
from neurocortex.batches import opening
from neurocortex.batches.values import Batch, Counts
from neurocortex.batches.working import give_up_stuck_item
from neurocortex.errors import BatchNotFoundError
from neurocortex.realtime.ending import end
from neurocortex.settings import settings
from tasks.lake import kept_open
from tasks.options import LOAD, STEP
from tasks.progress import ProgressArtifact

# NO_CACHE throughout: the same batch is further each time.


@task(**STEP, task_run_name="begin", cache_policy=NO_CACHE)
def begin_batch(batch: UUID) -> Batch:
    """Return the batch, and note that a run begins it.

    Raises:
        BatchNotFoundError: there is none of that id, or it was long ago.
    """
    with opening.table_of(settings()) as table:
        begun = table.begin(batch)
        if begun is None:
            raise BatchNotFoundError(batch)
        give_up_stuck_item(table, begun, settings().realtime.max_attempts)
        return begun


@task(**LOAD, task_run_name="work off {batch.counts.total} lines", cache_policy=NO_CACHE)
async def work_off(batch: Batch) -> Counts:
    """Do the items that have no result yet; tried again, it goes on where it stopped."""
    context = copy_context()
    bar = await asyncio.to_thread(ProgressArtifact, "batch-progress", f"batch {batch.id}")

    async def show(ended: int) -> None:
        # In a thread, as the bar is no coroutine; in this task's context, which it belongs to.
        await asyncio.to_thread(context.run, bar.show, ended / batch.counts.total)

    chosen = settings()
    with opening.table_of(chosen) as table:
        async with _standing(), opening.opened(chosen, table, batch) as workshop:
            # As in the lane: tasks' functions are called themselves, outside of any run's context.
            working = asyncio.create_task(workshop.work(batch, show), context=Context())
            try:
                await working
            finally:
                await end([working])
        counts = await asyncio.to_thread(table.counts, batch.id, batch.tenant)
    if counts is None:
        raise BatchNotFoundError(batch.id)
    await asyncio.to_thread(bar.finish)
    return counts


@asynccontextmanager
async def _standing() -> AsyncGenerator[None]:
    """Keep blocks and the Lake's connections for all items, as a lane process does."""
    saved.remember(settings().realtime.blocks_s)
    try:
        with kept_open():
            yield
    finally:
        saved.remember(0)
