"""Micro-batches: items that come at nearly the same time are worked on together.

One batch of a task runs at a time, and what comes meanwhile is the next one, so a batch costs
nobody a wait. Beyond that a batch that is not full waits only while that pays: while the next item
is expected so soon that all who wait lose less than one batch's fixed cost, which the item saves
(as BentoML's CorkDispatcher weighs it). While nothing was going on, nobody waits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from neurocortex.realtime.latency import BatchLatency

Item = TypeVar("Item")
Result = TypeVar("Result")

TICK_S: Final = 0.001
"""One wait: event loops keep time in milliseconds."""

RECENT: Final = 0.1
"""How much the last gap between two items counts for the expected one."""

LONGEST_GAP_S: Final = 1.0
"""A longer gap says no more than that nothing was going on."""

FIRST_SIZE: Final = 8
"""Of a batch while nothing is known; then at most double the largest that was measured."""

LONGEST_BATCH_S: Final = 0.25
"""A batch is kept so small that it takes no longer: all of its items wait for all of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a batch may be."""

    size: int
    wait_s: float
    """The oldest item waits no longer for others."""


def size_limit(latency: BatchLatency, most: int) -> int:
    """Return how many items the next batch may have, at least 1."""
    allowed = min(most, max(FIRST_SIZE, 2 * latency.largest))
    if latency.per_item_s > 0:
        allowed = min(allowed, int((LONGEST_BATCH_S - latency.fixed_s) / latency.per_item_s))
    return max(1, allowed)


def waiting_pays(waiting: int, gap_s: float, fixed_s: float) -> bool:
    """Return whether `waiting` items should wait for one more, expected in `gap_s` seconds."""
    return gap_s <= TICK_S and waiting * max(gap_s, TICK_S) < fixed_s


@dataclass(slots=True)
class _Waiting(Generic[Item, Result]):
    item: Item
    since: float
    result: asyncio.Future[Result] = field(default_factory=asyncio.Future)


class Batcher(Generic[Item, Result]):
    """The batches of one task with one set of shared arguments."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        run_alone: Callable[[Item, Exception | None], Awaitable[Result]],
        limits: Limits,
    ) -> None:
        """Batch for `run`; the items of a batch that fails are given to `run_alone`.

        With an item that was alone in its batch it gets the error: that was its own first try.
        """
        self._run = run
        self._run_alone = run_alone
        self._limits = limits
        self._queue: deque[_Waiting[Item, Result]] = deque()
        self._working: asyncio.Task[None] | None = None
        self._alone: set[asyncio.Task[None]] = set()
        self._last_item = self._last_batch = float("-inf")
        self._gap_s = LONGEST_GAP_S
        self._time = asyncio.get_running_loop().time
        self.latency = BatchLatency()

    async def result(self, item: Item) -> Result:
        """Return the result for an item.

        Raises:
            Exception: what the task raised for this item.
        """
        now = self._time()
        gap = min(now - self._last_item, LONGEST_GAP_S)
        self._gap_s += RECENT * (gap - self._gap_s)
        self._last_item = now
        waiting: _Waiting[Item, Result] = _Waiting(item, now)
        self._queue.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.result

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return (
            not self._queue and not self._alone and (self._working is None or self._working.done())
        )

    async def _work(self) -> None:
        while self._queue:
            await self._wait()
            most = size_limit(self.latency, self._limits.size)
            batch: list[_Waiting[Item, Result]] = []
            while self._queue and len(batch) < most:
                waiting = self._queue.popleft()
                if not waiting.result.done():  # else nobody waits for it any more
                    batch.append(waiting)
            if batch:
                await self._answer(batch)

    async def _wait(self) -> None:
        if self._time() - self._last_batch > self._limits.wait_s:
            return  # nothing was going on
        limit = size_limit(self.latency, self._limits.size)
        while (
            len(self._queue) < limit
            and self._time() - self._queue[0].since + TICK_S < self._limits.wait_s
            and waiting_pays(len(self._queue), self._gap_s, self.latency.fixed_s)
        ):
            seen = len(self._queue)
            await asyncio.sleep(TICK_S)
            if len(self._queue) == seen:
                return  # it was expected in vain

    async def _answer(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        began = self._time()
        try:
            results = await self._run([waiting.item for waiting in batch])
            if len(results) != len(batch):
                raise ValueError(f"{len(results)} results for a batch of {len(batch)} items")
        except Exception as error:  # noqa: BLE001 - each item's own tries say what is wrong with it
            own = error if len(batch) == 1 else None
            for waiting in batch:
                task = asyncio.create_task(self._answer_alone(waiting, own))
                self._alone.add(task)
                task.add_done_callback(self._alone.discard)
            return
        self._last_batch = self._time()
        self.latency.observe(len(batch), self._last_batch - began)
        for waiting, result in zip(batch, results, strict=True):
            if not waiting.result.done():
                waiting.result.set_result(result)

    async def _answer_alone(self, waiting: _Waiting[Item, Result], error: Exception | None) -> None:
        try:
            result = await self._run_alone(waiting.item, error)
        except Exception as failure:  # noqa: BLE001 - handed to who waits
            if not waiting.result.done():
                waiting.result.set_exception(failure)
        else:
            if not waiting.result.done():
                waiting.result.set_result(result)
