"""The `Steps` of one request in the lane."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from prefect import Task

from neurocortex.realtime.running import TaskRunner

Result = TypeVar("Result")

AHEAD: Final = 64
"""Parts that are sent before the reader says that it took them: it may be slow, memory is not."""


class LaneSteps:
    """Runs the tasks of one request, and sends its parts."""

    def __init__(
        self, runner: TaskRunner, tenant: str, send: Callable[[str, int], None] | None
    ) -> None:
        """Run tasks for a tenant.

        Args:
            runner: of the process.
            tenant: whose request it is.
            send: takes the text of a part and its number, from 1; None for a request that asked for
                no stream.
        """
        self._runner = runner
        self._tenant = tenant
        self._send = send
        self._sent = self._taken = 0
        self._caught_up = asyncio.Event()

    async def run(self, task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See `Steps.run`."""
        return await self._runner.run(self._tenant, task, args, kwargs)

    async def batched(self, task: Task[Any, list[Result]], item: object, *shared: Any) -> Result:
        """See `Steps.batched`."""
        return cast("Result", await self._runner.batched(task, item, shared))

    async def emit(self, text: str) -> None:
        """See `Steps.emit`."""
        if self._send is None:
            return
        while self._sent - self._taken >= AHEAD:
            self._caught_up.clear()
            await self._caught_up.wait()
        self._sent += 1
        self._send(text, self._sent)

    def caught_up(self, parts: int) -> None:
        """Hear that the reader took so many parts in all."""
        self._taken = max(self._taken, parts)
        self._caught_up.set()
