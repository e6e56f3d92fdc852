"""The cache of a process: one, in a thread with an event loop of its own.

The cache belongs to one event loop. Prefect runs tasks in threads and loops that come and go, and
LangChain calls from wherever it is: they share this one, so that what one task read the next one
finds in memory. A call from outside costs two thread switches, about 0.1 ms.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from redis.asyncio import Redis

from neurocortex.cache import protection
from neurocortex.cache.cache import opened
from neurocortex.cache.keys import Key
from neurocortex.cache.prefetch import last_asked
from neurocortex.cache.results import Results
from neurocortex.settings import Settings

T = TypeVar("T")

DISK: Final = "cache/entries.sqlite"
"""Level 3, below `NEUROCORTEX_HOME`."""

CLOSE_S: Final = 10.0
"""A process does not wait longer at its end for what the cache still writes."""


@asynccontextmanager
async def open_results(settings: Settings, url: str, timeout_s: float) -> AsyncGenerator[Results]:
    """Open the cache of a platform for one event loop.

    Args:
        settings: sizes and times, the folder of level 3, and who protects results.
        url: where Redis is.
        timeout_s: a call to Redis is given up after that.

    Raises:
        SettingsError: the protection that the settings name cannot be had.
    """
    guard = protection.named(settings.cache.protection)
    async with (
        Redis.from_url(url, socket_timeout=timeout_s) as redis,
        opened(settings.cache, redis, settings.home.absolute() / DISK) as cache,
    ):
        yield Results(cache, guard)


class ProcessCache:
    """Calls from any thread or loop, carried out in the cache's own."""

    def __init__(self, open_results: Callable[[], AbstractAsyncContextManager[Results]]) -> None:
        """Start the thread, and wait until the cache is open."""
        self._open = open_results
        self._started: Future[Results] = Future()
        self._thread = threading.Thread(target=self._run, name="cache", daemon=True)
        self._thread.start()
        self._results = self._started.result()

    def call(self, work: Callable[[Results], Awaitable[T]]) -> T:
        """Carry something out, and wait for it."""
        future = self._submit(work)
        try:
            answer, asked = future.result()
        except BaseException:
            # A timeout of Prefect's, or Ctrl-C: the work is not to go on without its caller.
            future.cancel()
            raise
        last_asked.set(asked)
        return answer

    async def acall(self, work: Callable[[Results], Awaitable[T]]) -> T:
        """Carry something out, without keeping the caller's event loop waiting."""
        answer, asked = await asyncio.wrap_future(self._submit(work))
        last_asked.set(asked)
        return answer

    def close(self) -> None:
        """Finish what is being written, and end the thread."""
        with suppress(RuntimeError):  # it was closed before
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(CLOSE_S)

    def _submit(self, work: Callable[[Results], Awaitable[T]]) -> Future[tuple[T, Key | None]]:
        """Carry something out in a copy of the caller's context, and say what it asked for last.

        The caller keeps that, so that the prefetcher sees the order of its calls.
        """

        async def carried_out() -> tuple[T, Key | None]:
            return await work(self._results), last_asked.get()

        return asyncio.run_coroutine_threadsafe(carried_out(), self._loop)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        async with self._open() as results:
            self._started.set_result(results)
            await self._closing.wait()


_open: dict[tuple[str, Path], ProcessCache] = {}
_lock = threading.Lock()


def of_process(settings: Settings, url: str, timeout_s: float) -> ProcessCache:
    """Return this process's cache on a Redis, opened at the first call and closed at its exit.

    Args:
        settings: sizes and times, the folder of level 3, and who protects results.
        url: where Redis is.
        timeout_s: a call to Redis is given up after that.

    Raises:
        SettingsError: the protection that the settings name cannot be had.
    """
    file = settings.home.absolute() / DISK
    with _lock:
        if (url, file) not in _open:
            _open[url, file] = ProcessCache(lambda: open_results(settings, url, timeout_s))
        return _open[url, file]


def close_all() -> None:
    """Close the caches of this process, which opens them again when they are needed."""
    with _lock:
        while _open:
            _open.popitem()[1].close()


def _forget() -> None:
    """A fork has none of its parent's threads: it opens a cache of its own."""
    global _lock
    _lock = threading.Lock()  # another thread may have held the parent's
    _open.clear()


os.register_at_fork(after_in_child=_forget)
# Not `atexit`: before that is run, the pools of threads have ended that do the disk's work. They
# register themselves in this way too, and who registered last is called first.
threading._register_atexit(close_all)  # type: ignore[attr-defined]
