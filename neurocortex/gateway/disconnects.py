"""Work that ends when the client that waits for it goes away."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")

PATIENCE_S: Final = 0.05
"""Most answers are there by then, and need nobody who watches their client."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns, and raise what it raises.

    Args:
        request: whose body has been read.
        work: cancelled when the client goes away.

    Raises:
        ClientDisconnect: it did.
    """
    # The work is done in this task: another one for each request would take as long as its routing.
    async with _Watch(request):
        return await work


class _Watch:
    """Cancels the task that enters it when the client goes away, as `asyncio.timeout` does."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._leaving: asyncio.Task[None] | None = None
        self._is_gone = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be watched")
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._begin)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._leaving is not None:
            self._leaving.cancel()
        if not self._is_gone:
            return
        # Cancelled by somebody else, too: that counts for more.
        is_ours = self._task.uncancel() <= self._cancelling
        if is_ours and isinstance(error, asyncio.CancelledError):
            raise ClientDisconnect from None

    def _begin(self) -> None:
        self._leaving = asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        self._task.cancel()
