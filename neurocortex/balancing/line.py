"""Calls that wait for an endpoint, first come first served. How many may, `seats` says.

The first in line looks whether there is room, so that not each of a thousand asks Redis for it.
"""

import asyncio
from collections import deque
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
        self._heads: WeakKeyDictionary[asyncio.AbstractEventLoop, _Heads] = WeakKeyDictionary()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._waiting

    @asynccontextmanager
    async def head(self, patience_s: float) -> AsyncGenerator[None]:
        """Stand in line until nobody is before this call, or there is room for all.

        Raises:
            TimeoutError: it is not its turn after so long.
        """
        with self._lock:
            self._waiting += 1
        try:
            heads = self._of_loop()
            async with asyncio.timeout(patience_s):
                await heads.arrive()
            try:
                yield
            finally:
                heads.leave()
        finally:
            with self._lock:
                self._waiting -= 1

    def disperse(self) -> None:
        """Let all go that wait in this event loop: there is room for any number of calls."""
        self._of_loop().disperse()

    def _of_loop(self) -> "_Heads":
        with self._lock:
            return self._heads.setdefault(asyncio.get_running_loop(), _Heads())


class _Heads:
    """Those of one event loop: who is first, and who is behind."""

    def __init__(self) -> None:
        self._first = 0
        self._behind: deque[asyncio.Future[None]] = deque()

    async def arrive(self) -> None:
        """Wait until this one is first; it leaves then."""
        if not self._first:
            self._first = 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._behind.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()  # its turn had come
            raise

    def leave(self) -> None:
        """Make room for the next."""
        self._first -= 1
        while not self._first and self._behind:
            self._call()

    def disperse(self) -> None:
        """Have all be first."""
        while self._behind:
            self._call()

    def _call(self) -> None:
        turn = self._behind.popleft()
        if not turn.done():  # else it was cancelled while it waited
            self._first += 1
            turn.set_result(None)
