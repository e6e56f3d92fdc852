"""Threads for tasks that are plain functions."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Final, Self, TypeVar

from neurocortex.errors import ThreadsStuckError

T = TypeVar("T")

SPARE: Final = 2
"""So many times the threads exist: a task that hangs keeps its own, and another takes its place."""

HANGS_AFTER_S: Final = 30.0
"""A call that goes on for so long after it was given up hangs; most end much sooner."""


class Threads:
    """So many calls at once. Python cannot end a thread: one that is given up runs on, unheeded."""

    def __init__(self, count: int, hangs_after_s: float = HANGS_AFTER_S) -> None:
        """Run up to `count` calls at once; as many may hang before the process must end."""
        self._count = count
        self._hangs_after_s = hangs_after_s
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
            # In the caller's context: what it spends is charged to its request.
            work = self._pool.submit(copy_context().run, call)
            future = asyncio.wrap_future(work)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                if not work.cancel():  # else no thread had begun with it
                    self._leave(future)
                raise

    def check(self) -> None:
        """Raise ThreadsStuckError where too many calls hang."""
        if self.broken.is_set():
            raise ThreadsStuckError(self._stuck)

    def _leave(self, future: asyncio.Future[T]) -> None:
        """Let a call end by itself. To give one up is usual: only what does not end counts."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._hangs_after_s, self._hangs, future)

        def ended(finished: asyncio.Future[T]) -> None:
            timer.cancel()
            if not finished.cancelled():
                finished.exception()  # nobody waits for it any more

        future.add_done_callback(ended)

    def _hangs(self, future: asyncio.Future[T]) -> None:
        self._stuck += 1
        if self._stuck >= self._count * (SPARE - 1):
            self.broken.set()
        future.add_done_callback(self._hangs_no_more)

    def _hangs_no_more(self, _: asyncio.Future[T]) -> None:
        self._stuck -= 1
