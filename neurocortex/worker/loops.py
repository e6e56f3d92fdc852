"""Work that goes on and on beside other work, and cannot end unnoticed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

import httpx

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import ConnectorError

LONGEST_PAUSE_S: Final = 10.0
"""Between two tries while a neighbour is away."""

logger = logging.getLogger(__name__)


class Loops:
    """Loops of one process. An async context manager; `stop` before leaving it.

    A neighbour that does not answer is waited for. Any other failure ends the task that entered
    the manager: a worker that no longer allocates, or gives no sign of life, is to be replaced.
    """

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()
        self._loops: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Loops":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._tasks.__aexit__(*failure)  # type: ignore[arg-type]

    def start(self, loop: Coroutine[object, object, None]) -> None:
        """Start a loop that waits by itself."""
        self._loops.append(self._tasks.create_task(loop))

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
        return self._tasks.create_task(work)

    def stop(self) -> None:
        """End the loops."""
        for loop in self._loops:
            loop.cancel()


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


async def _repeat(act: Callable[[], Awaitable[object]], every_s: float, longest_s: float) -> None:
    pause = every_s
    while not is_cancelled():
        pause = every_s if await patiently(act) else max(every_s, min(pause * 2, longest_s))
        await asyncio.sleep(pause)
