"""Working off a batch: many items at once, each as the real-time lane would do it.

What an item did before a crash is done again unless its result was written: delivery is at least
once, as in the lane.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from neurocortex.batches.rounds import Pacer
from neurocortex.batches.saving import Saver
from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Batch, Item, Outcome, item_id
from neurocortex.domain.deployments import Tier
from neurocortex.errors import GivenUpError
from neurocortex.experiments.taking import Taking
from neurocortex.experiments.trials import Trial
from neurocortex.realtime.caching import TaskCache
from neurocortex.realtime.call import Call
from neurocortex.realtime.ending import end
from neurocortex.realtime.failures import failure_of, is_for_good
from neurocortex.realtime.lane_steps import LaneSteps
from neurocortex.realtime.processing import process
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.registry import Registry

PAGE: Final = 500
"""Items read at once."""

logger = logging.getLogger(__name__)


def give_up_stuck_item(table: BatchTable, batch: Batch, attempts: int) -> None:
    """Fail the first item of a batch that so many processes have died on.

    A batch that is begun again without progress has one item at work at first (`first_at_once`),
    so that this is the one.
    """
    if batch.starts <= attempts:
        return
    for item in table.pending(batch.id, 0, 1):
        logger.error("Line %d of batch %s is given up", item.line, batch.id)
        error = GivenUpError(attempts)
        table.write(batch.id, [Outcome.failed(item.line, error.code, str(error))])


def first_at_once(batch: Batch, usual: int) -> int:
    """Return how many items are begun with: one alone, where the process died without progress."""
    return usual if batch.starts == 1 else 1


class Workshop:
    """Works off one batch; make one for each run of it."""

    def __init__(
        self,
        table: BatchTable,
        registry: Registry,
        runner: TaskRunner,
        threads: Threads,
        pacer: Pacer,
        *,
        timeout_s: float,
        cache: TaskCache | None = None,
        experiments: Taking | None = None,
    ) -> None:
        """Work with the lane's own parts; an item that takes longer than `timeout_s` fails.

        `experiments`: those that items take part in; None: there are none.
        """
        self._table = table
        self._registry = registry
        self._runner = runner
        self._threads = threads
        self._pacer = pacer
        self._timeout_s = timeout_s
        self._cache = cache
        self._experiments = experiments
        self._at_work: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    async def work(self, batch: Batch, progress: Callable[[int], Awaitable[None]]) -> None:
        """Do the items that have no result yet.

        Args:
            batch: as the table gave it.
            progress: told how many lines have ended so far, now and then.

        Raises:
            LakeUnavailableError: PostgreSQL does not answer: what is not written is done again.
            ThreadsStuckError: too many tasks hang for the process to go on.
        """
        before = batch.counts.ended
        saver = Saver(lambda outcomes: self._table.write(batch.id, outcomes))

        async def written() -> None:
            self._changed.set()
            await progress(before + saver.written)

        saving = asyncio.create_task(saver.run(written))
        saving.add_done_callback(lambda _: self._changed.set())
        try:
            async with aclosing(self._pending(batch)) as items:
                async for item in items:
                    while len(self._at_work) >= self._pacer.pace.at_once or saver.is_full:
                        await self._change(saving)
                    self._begin(batch, item, saver)
            while self._at_work:
                await self._change(saving)
            saver.end()
            await saving
        finally:
            await end([saving, *self._at_work])

    async def _change(self, saving: asyncio.Task[None]) -> None:
        """Wait until an item has ended or some were written."""
        self._changed.clear()
        await self._changed.wait()
        self._threads.check()
        if saving.done():
            saving.result()

    def _begin(self, batch: Batch, item: Item, saver: Saver) -> None:
        task = asyncio.create_task(self._do(batch, item, saver))
        self._at_work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        self._changed.set()

    async def _pending(self, batch: Batch) -> AsyncGenerator[Item]:
        last = 0
        while page := await asyncio.to_thread(self._table.pending, batch.id, last, PAGE):
            for item in page:
                yield item
            last = page[-1].line

    async def _do(self, batch: Batch, item: Item, saver: Saver) -> None:
        began = time.monotonic()
        failure: Exception | None = None
        trial: Trial | None = None
        try:
            call, trial = self._varied(_call(batch, item))
            reply = await process(
                self._registry,
                call,
                LaneSteps(self._runner, batch.tenant, None),
                self._timeout_s,
                self._cache,
            )
            outcome = Outcome(item.line, is_completed=True, content=reply.body)
            if trial is not None:
                trial.replied(reply.body, reply.usage, lasts=reply.lasts)
        except Exception as error:  # noqa: BLE001 - it is told in the item's place
            failure = error
            outcome = _failed(batch, item, error)
            if trial is not None:
                trial.failed(error)
        self._pacer.ended(time.monotonic() - began, failure)
        saver.put(outcome)

    def _varied(self, call: Call) -> tuple[Call, Trial | None]:
        """Return a call as experiments have it, and its part in one that runs.

        It is assigned by its id: one that is done again has the same variant.
        """
        if self._experiments is None or not self._experiments.concern(call.operation):
            return call, None
        request = self._registry.parse(call.body)
        varied = self._experiments.vary(request, call.tenant, str(call.id), call.id)
        body = call.body if varied.is_as_asked else varied.body
        return replace(call, body=body), varied.trial


def _call(batch: Batch, item: Item) -> Call:
    """A deadline counts from the moment when the batch was sent."""
    deadline = None
    if item.deadline_s is not None:
        deadline = batch.created.timestamp() + item.deadline_s
    return Call(
        id=item_id(batch.id, item.line),
        operation=item.operation,
        body=item.body,
        tenant=batch.tenant,
        tier=Tier.LOW,
        deadline=deadline,
    )


def _failed(batch: Batch, item: Item, error: Exception) -> Outcome:
    if is_for_good(error):
        logger.error("Line %d of batch %s failed", item.line, batch.id, exc_info=error)
    said = failure_of(error, item.operation)
    return Outcome.failed(item.line, said.code, said.message)
