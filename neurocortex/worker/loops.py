"""Work that goes on and on beside other work, and cannot end unnoticed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeVar

import httpx

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import ConnectorError, LoopEndedError

LONGEST_PAUSE_S: Final = 10.0
"""Between two tries while a neighbour is away."""

ANSWER_S: Final = 10.0
"""So long Prefect may take to answer one call. Left to itself its client waits a minute, and tries
six times without a word: a loop would stand still for minutes."""

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Loops:
    """Loops of one process. An async context manager; `stop` before leaving it.

    A neighbour that does not answer is waited for. Any other failure ends the task that entered
    the manager, and so does a loop that just ends: a worker that no longer looks for runs, or gives
    no sign of life, is to be replaced.
    """

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()
        self._loops: list[asyncio.Task[None]] = []
        self._ending = False

    async def __aenter__(self) -> "Loops":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._ending = self._ending or failure[0] is not None
        await self._tasks.__aexit__(*failure)  # type: ignore[arg-type]

    def start(self, loop: Coroutine[object, object, None]) -> None:
        """Start a loop that waits by itself."""
        name = str(getattr(loop, "__qualname__", loop))
        task = self.begin(loop)
        task.add_done_callback(lambda _: self._is_over(name))
        self._loops.append(task)

    def repeat(
        self,
        act: Callable[[], Awaitable[object]],
        every_s: float,
        longest_s: float = LONGEST_PAUSE_S,
    ) -> None:
        """Act again and again, less often while a neighbour does not answer."""
        self.start(_repeat(act, every_s, longest_s))

    def begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start work that ends by itself; `stop` lets it."""
        task = self._tasks.create_task(work)
        task.add_done_callback(self._note)
        return task

    def stop(self) -> None:
        """End the loops."""
        self._ending = True
        for loop in self._loops:
            loop.cancel()

    def _note(self, task: asyncio.Task[None]) -> None:
        """Note a failure: all others are cancelled for it."""
        self._ending = self._ending or _failed(task)

    def _is_over(self, name: str) -> None:
        """Fail for a loop that returned or was cancelled: a task group takes no notice of it."""
        if not self._ending:
            self._tasks.create_task(_fail(LoopEndedError(name)))


def _failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def _fail(error: Exception) -> None:
    raise error


async def patiently(act: Callable[[], Awaitable[object]]) -> bool:
    """Act; return False, after a word about it, where a neighbour does not answer."""
    try:
        await act()
    except ConnectorError as error:
        logger.warning("%s", error)
    except (httpx.TransportError, httpx.HTTPStatusError) as error:
        logger.warning("Prefect does not answer as it should: %s", repr(error))
    else:
        return True
    return False


async def in_time(call: Awaitable[Answer]) -> Answer:
    """Return Prefect's answer to one call.

    Raises:
        httpx.ReadTimeout: there was none within `ANSWER_S` seconds that was not an error.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            return await call
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"no answer within {ANSWER_S:g} s") from error


async def _repeat(act: Callable[[], Awaitable[object]], every_s: float, longest_s: float) -> None:
    pause = every_s
    while not is_cancelled():
        pause = every_s if await patiently(act) else max(every_s, min(pause * 2, longest_s))
        await asyncio.sleep(pause)
