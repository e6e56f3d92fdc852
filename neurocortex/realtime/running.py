"""Running tasks without a flow run: as each `@task` declares, and without a call to Prefect's API.

The task's function is called itself. Contexts of Prefect are not there: a task that asks for the
run logger or for `prefect.runtime` belongs into the standard lane.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from prefect import Task
from prefect.task_engine import TaskRunTimeoutError
from prefect.utilities.callables import get_call_parameters

from neurocortex.realtime.attempts import delay_before, is_tried_again
from neurocortex.realtime.batching import Batcher, Limits
from neurocortex.realtime.caching import TaskCache, is_cached
from neurocortex.realtime.threads import Threads

MAX_BATCHERS: Final = 256
"""Tasks and shared arguments whose batches are remembered; idle ones go first."""


@dataclass(frozen=True, slots=True)
class _Batched:
    task: Task[..., Any]
    shared: tuple[Any, ...]

    def __hash__(self) -> int:
        return hash((id(self.task), self.shared))


class TaskRunner:
    """Runs the tasks of all requests of one lane process."""

    def __init__(self, threads: Threads, limits: Limits, cache: TaskCache | None) -> None:
        """Run plain functions in `threads`; without a cache every task is run each time."""
        self._threads = threads
        self._limits = limits
        self._cache = cache
        self._batchers: dict[_Batched, Batcher[Any, Any]] = {}

    async def run(
        self,
        tenant: str,
        task: Task[..., Any],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Any:
        """Return the result of a task, kept or new.

        Raises:
            Exception: what it raised at its last try.
        """
        if self._cache is None or not is_cached(task):
            return await self._tried(task, arguments, named)
        inputs = get_call_parameters(task.fn, arguments, named)
        return await self._cache.get_or_run(
            task, tenant, inputs, lambda: self._tried(task, arguments, named)
        )

    async def batched(self, task: Task[..., Any], item: Any, shared: tuple[Any, ...]) -> Any:
        """Return the result for one item, worked on with others that share the arguments.

        Raises:
            Exception: what the task raised for this item.
        """
        key = _Batched(task, shared)
        batcher = self._batchers.get(key)
        if batcher is None:
            self._make_room()
            batcher = self._batchers[key] = Batcher(
                lambda items: self._once(task, (items, *shared), {}),
                partial(self._alone, task, shared),
                self._limits,
            )
        return await batcher.result(item)

    async def _alone(
        self, task: Task[..., Any], shared: tuple[Any, ...], item: Any, error: Exception | None
    ) -> Any:
        results: Sequence[Any] = await self._tried(task, ([item], *shared), {}, error)
        (result,) = results
        return result

    async def _tried(
        self,
        task: Task[..., Any],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
        error: Exception | None = None,
    ) -> Any:
        """Try as often as the task declares; `error` is what a first try failed with already."""
        failures = 0
        while True:
            if error is not None:
                failures += 1
                if not await is_tried_again(task, error, failures):
                    raise error
                await asyncio.sleep(delay_before(task, failures - 1))
            try:
                return await self._once(task, arguments, named)
            except Exception as failure:  # noqa: BLE001 - raised above, when tries are used up
                error = failure

    async def _once(
        self, task: Task[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Call the function; a timeout of the task's own counts as in `prefect.task_engine`."""
        try:
            async with asyncio.timeout(task.timeout_seconds) as time:
                if task.isasync:
                    return await task.fn(*arguments, **named)
                return await self._threads.run(partial(task.fn, *arguments, **named))
        except TimeoutError as error:
            if not time.expired():
                raise
            raise TaskRunTimeoutError(
                f"Task {task.name} exceeded its timeout of {task.timeout_seconds:g} s"
            ) from error

    def _make_room(self) -> None:
        if len(self._batchers) >= MAX_BATCHERS:
            idle = [key for key, batcher in self._batchers.items() if batcher.is_idle]
            for key in idle:
                del self._batchers[key]
