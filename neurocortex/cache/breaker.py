"""A circuit breaker: what fails or is slow is left alone for a while, then tried once.

Nygard, "Release It!" (2007).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from neurocortex.errors import CacheUnavailableError

T = TypeVar("T")

FAILURES: Final = 3
"""In a row: one slow call may be chance."""

PAUSE_S: Final = 1.0
"""Until the next try: what comes back is used again within a second or two."""

ABANDONED_S: Final = 5.0
"""A call that nobody waits for any more is cancelled after that: few can pile up, as one a pause is
made."""


class BreakerOpenError(CacheUnavailableError):
    """The call was not made."""


class Breaker:
    """Stands before one neighbour, for one event loop."""

    def __init__(
        self, neighbour: str, soft_timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wait for a call `soft_timeout_s` at most: a later answer counts as a failure."""
        self._neighbour = neighbour
        self._soft_timeout_s = soft_timeout_s
        self._clock = clock
        self._failures = 0
        self._closed_from = 0.0
        self._trial = False
        self._abandoned: set[asyncio.Future[Any]] = set()

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        if self._failures < FAILURES:
            return False
        return self._trial or self._clock() < self._closed_from

    async def call(self, make: Callable[[], Awaitable[T]]) -> T:
        """Await what `make` returns.

        Raises:
            BreakerOpenError: nothing was called.
            CacheUnavailableError: it was, and failed or took too long.
        """
        return await self.watch(lambda: self.in_time(make))

    async def watch(self, make: Callable[[], Awaitable[T]]) -> T:
        """Do the same for what keeps its own time: that needs no task, and costs little.

        Raises:
            BreakerOpenError: nothing was called.
            CacheUnavailableError: it was, and failed.
        """
        trial = self._enter()
        try:
            result = await make()
        except CacheUnavailableError:
            self._failed()
            raise
        finally:
            if trial:
                self._trial = False
        self._failures = 0
        return result

    async def in_time(self, make: Callable[[], Awaitable[T]]) -> T:
        """Await what `make` returns, open or not, counted or not.

        Raises:
            CacheUnavailableError: it failed or took too long.
        """
        # A task of its own, abandoned and not cancelled when it is late: redis-py loses a
        # cancellation, or a socket, that meets it while it connects.
        call = asyncio.ensure_future(make())
        try:
            done, _ = await asyncio.wait({call}, timeout=self._soft_timeout_s)
            if not done:
                raise CacheUnavailableError(
                    self._neighbour, f"no answer within {self._soft_timeout_s:g} s"
                )
            return call.result()
        finally:
            if not call.done():
                self._abandon(call)

    def _enter(self) -> bool:
        """Return whether this call tries a neighbour that failed."""
        if not self._failures:
            return False
        if self.is_open:
            raise BreakerOpenError(self._neighbour, "left alone for a moment after failures")
        self._trial = self._failures >= FAILURES
        return self._trial

    def _failed(self) -> None:
        self._failures += 1
        self._closed_from = self._clock() + PAUSE_S

    async def close(self) -> None:
        """Give abandoned calls a moment to end by themselves, then cancel them."""
        if self._abandoned:
            _, late = await asyncio.wait(self._abandoned, timeout=ABANDONED_S)
            for call in late:
                call.cancel()

    def _abandon(self, call: asyncio.Future[Any]) -> None:
        self._abandoned.add(call)
        call.add_done_callback(self._ended)
        asyncio.get_running_loop().call_later(ABANDONED_S, call.cancel)

    def _ended(self, call: asyncio.Future[Any]) -> None:
        self._abandoned.discard(call)
        if not call.cancelled():
            call.exception()  # asked for, as asyncio warns of those that nobody asked for
