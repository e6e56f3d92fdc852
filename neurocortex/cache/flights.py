"""One computation of a key at a time in this process, however many wait for it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from neurocortex.cache.keys import Key
from neurocortex.cache.stack import Located
from neurocortex.cache.values import Entry

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Landed:
    """What a flight brought home."""

    located: Located | None
    """The entry; None: the value could not be written as one."""
    value: object
    """The value itself; only where there is no entry, as all who wait share it."""


class Flight:
    """A computation under way."""

    def __init__(
        self,
        key: Key,
        outline: Entry,
        stale: Located | None,
        run: Callable[["Flight"], Coroutine[None, None, Landed]],
    ) -> None:
        """Start it."""
        self.outline = outline
        """What its entry will be like, without its value: who asks after an invalidation that
        would end it must not get it."""
        self.stale = stale
        """What may stand in for it; see `learn`."""
        self._has_stale: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(run(self), name=f"cache computes {key}")

    def learn(self, stale: Located) -> None:
        """Take in what may stand in for it."""
        self.stale = stale
        if not self._has_stale.done():
            self._has_stale.set_result(None)

    async def landed(self, timeout_s: float | None = None) -> bool:
        """Wait for it, which goes on when this is cancelled; return whether it ended in time."""
        await asyncio.wait({self.task}, timeout=timeout_s)
        return self.task.done()

    async def landed_or_stale(self) -> bool:
        """Wait for it or for something that may stand in; return whether it ended."""
        if self.stale is None:
            # Redis may have been too slow to give it, and gives it to who waits for the lock.
            waits: set[asyncio.Future[Any]] = {self.task, self._has_stale}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return self.task.done()


class Flights:
    """All computations under way. A caller that is cancelled leaves the others' flight alone."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[Landed]] = set()
        """Also those of flights that were replaced, which go on for who waits for them."""

    def of(self, key: Key) -> Flight | None:
        """Return the flight of a key."""
        return self._under_way.get(key.text)

    def enter(self, key: Key, flight: Flight) -> Flight:
        """List a flight until it ends, in place of one that must not be joined any more."""
        self._under_way[key.text] = flight
        self._tasks.add(flight.task)
        flight.task.add_done_callback(lambda task: self._ended(key, flight, task))
        return flight

    async def end(self) -> None:
        """Cancel all flights, replaced ones too, and wait for them."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: Key, flight: Flight, task: asyncio.Task[Landed]) -> None:
        self._tasks.discard(task)
        if self._under_way.get(key.text) is flight:
            del self._under_way[key.text]
        # Asking for the exception tells asyncio that it is known: all callers may have left.
        if not task.cancelled() and task.exception() is not None:
            _log.info("%s could not be computed: %r", key, task.exception())
