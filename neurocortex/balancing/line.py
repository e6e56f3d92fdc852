"""Calls that wait for an endpoint, first come first served. How many may, `seats` says."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from threading import Lock
from weakref import WeakKeyDictionary


class Line:
    """Those of one process for one model. Each event loop has a line of its own."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._waiting = 0
        self._lock = Lock()
        self._heads: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    @asynccontextmanager
    async def head(self, patience_s: float) -> AsyncGenerator[None]:
        """Stand in line until nobody is before this call.

        Raises:
            TimeoutError: it is not its turn after so long.
        """
        with self._lock:
            self._waiting += 1
            turn = self._heads.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        try:
            async with asyncio.timeout(patience_s):
                await turn.acquire()
            try:
                yield
            finally:
                turn.release()
        finally:
            with self._lock:
                self._waiting -= 1
