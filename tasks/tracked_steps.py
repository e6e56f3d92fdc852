"""The `Steps` of a flow: each task of a pipeline is a task run."""

import asyncio
from typing import Any, TypeVar

from prefect import Task

Result = TypeVar("Result")


class TrackedSteps:
    """Runs tasks by Prefect's engine."""

    async def run(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See `Steps.run`."""
        if task.isasync:
            return await task(*args, **kwargs)
        return await asyncio.to_thread(task, *args, **kwargs)

    async def batched(self, task: Task[Any, list[Result]], item: object, *shared: Any) -> Result:
        """See `Steps.batched`: the batch has one item."""
        (result,) = await asyncio.to_thread(task, [item], *shared)
        return result

    async def emit(self, text: str) -> None:
        """See `Steps.emit`: nobody listens."""
