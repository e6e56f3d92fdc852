"""Threads for tasks that are plain functions."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self, TypeVar

from neurocortex.errors import ThreadsStuckError

T = TypeVar("T")

SPARE: Final = 2
"""So many times the threads exist: a task that hangs keeps its own, and another takes its place."""


class Threads:
    """So many calls at once. Python cannot end a thread: one that is given up runs on, unheeded."""

    def __init__(self, count: int) -> None:
        """Run up to `count` calls at once; as many may hang before the process must end."""
        self._count = count
        self._free = asyncio.Semaphore(count)
        self._pool = ThreadPoolExecutor(count * SPARE, thread_name_prefix="lane")
        self._stuck = 0
        self.broken = asyncio.Event()
        """Set when so many calls hang that there is no thread left to take their place."""

    def __enter__(self) -> Self:
        """Return the threads themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the threads, of those that hang too."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, call: Callable[[], T]) -> T:
        """Call it in a thread. When this is cancelled the call runs on, and its result is lost.

        Raises:
            Exception: what the call raised.
        """
        async with self._free:
            future = asyncio.get_running_loop().run_in_executor(self._pool, call)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                if not future.done():
                    self._leave(future)
                raise

    def check(self) -> None:
        """Raise ThreadsStuckError where too many calls hang."""
        if self.broken.is_set():
            raise ThreadsStuckError(self._stuck)

    def _leave(self, future: asyncio.Future[T]) -> None:
        self._stuck += 1
        if self._stuck >= self._count * (SPARE - 1):
            self.broken.set()

        def ended(finished: asyncio.Future[T]) -> None:
            self._stuck -= 1
            if not finished.cancelled():
                finished.exception()  # nobody waits for it any more

        future.add_done_callback(ended)
