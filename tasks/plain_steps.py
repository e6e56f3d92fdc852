"""The `Steps` of a task that needs what other tasks do: their functions, as a part of itself."""

import asyncio
from typing import Any, TypeVar

from prefect import Task

Result = TypeVar("Result")


class PlainSteps:
    """Runs tasks' functions: retries, timeout and cache are those of the task that they are in."""

    async def run(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See `Steps.run`."""
        if task.isasync:
            return await task.fn(*args, **kwargs)
        return await asyncio.to_thread(task.fn, *args, **kwargs)

    async def batched(self, task: Task[Any, list[Result]], item: object, *shared: Any) -> Result:
        """See `Steps.batched`: the batch has one item."""
        (result,) = await asyncio.to_thread(task.fn, [item], *shared)
        return result

    async def emit(self, text: str) -> None:
        """See `Steps.emit`: a task has nobody to send it to."""
