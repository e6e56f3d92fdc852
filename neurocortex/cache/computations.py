"""How a value is computed: once, under a lock, and stored unless an invalidation overtook it."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from neurocortex.cache.codec import Codec
from neurocortex.cache.flights import Flight, Flights, Landed
from neurocortex.cache.keys import Key
from neurocortex.cache.lock import Held, Locks, Polls
from neurocortex.cache.memory import MEMORY
from neurocortex.cache.stack import Located, Stack
from neurocortex.cache.values import Aged, Computed, Entry, Policy
from neurocortex.errors import CacheUnavailableError, UncacheableValueError

COMPUTED: Final = "computed"
"""`Found.level` of a value that no level had."""

Compute = Callable[[], Awaitable[object]]

_log = logging.getLogger(__name__)


class Computations:
    """Those of one process, in step with all others by locks in Redis."""

    def __init__(
        self, stack: Stack, locks: Locks, codec: Codec, *, adaptive_ttl: bool = True
    ) -> None:
        """Compute what `stack` lacks; `adaptive_ttl`: as policies say, dear results live longer."""
        self._adaptive_ttl = adaptive_ttl
        self._stack = stack
        self._locks = locks
        self._codec = codec
        self._flights = Flights()

    def join(
        self,
        key: Key,
        compute: Compute,
        policy: Policy,
        tags: tuple[str, ...],
        stale: Located | None,
    ) -> Flight:
        """Return the flight of a key: the one under way, or a new one.

        One that an invalidation has overtaken is not joined: its value may be the old one.
        """
        known = self._flights.of(key)
        if known is not None and self._stack.marks.allow(key, known.outline):
            return known
        flight = Flight(
            key,
            self._outline(tags),
            stale,
            lambda flight: self._find_or_compute(key, compute, policy, tags, flight),
        )
        return self._flights.enter(key, flight)

    def refresh(
        self, key: Key, compute: Compute, policy: Policy, tags: tuple[str, ...], known: Located
    ) -> None:
        """Compute a value anew in the background, unless that is under way."""
        if self._flights.of(key) is None:
            flight = Flight(
                key,
                self._outline(tags),
                known,
                lambda flight: self._compute_once(key, compute, policy, tags, flight),
            )
            self._flights.enter(key, flight)

    async def end(self) -> None:
        """Cancel what is under way."""
        await self._flights.end()

    def _outline(self, tags: tuple[str, ...]) -> Entry:
        return Entry(b"", 0.0, 0.0, self._stack.marks.latest, 0, tags)

    async def _find_or_compute(
        self, key: Key, compute: Compute, policy: Policy, tags: tuple[str, ...], flight: Flight
    ) -> Landed:
        found = await self._stack.find(key)
        if found is not None:
            if found.aged.is_fresh:
                return Landed(found, None)
            flight.learn(found)
        return await self._compute_once(key, compute, policy, tags, flight)

    async def _compute_once(
        self, key: Key, compute: Compute, policy: Policy, tags: tuple[str, ...], flight: Flight
    ) -> Landed:
        """Compute under the lock, or take what another process computed meanwhile."""
        async with AsyncExitStack() as until_stored:
            claim = await self._claim(key, flight, until_stored)
            if isinstance(claim, Located):
                self._stack.remember(key, claim.aged)
                return Landed(claim, None)
            token = claim.token if claim else time.time_ns() // 1000
            born = self._stack.marks.latest
            began = time.monotonic()
            result = await compute()
            took_s = time.monotonic() - began if self._adaptive_ttl else 0.0
            return await self._landed(key, result, policy, tags, born, token, took_s)

    async def _claim(
        self, key: Key, flight: Flight, until_stored: AsyncExitStack
    ) -> Held | Located | None:
        """Return the lock, or a newer entry; None where no lock is to be had, as Redis is gone."""
        known, polls = flight.stale, Polls()
        while True:
            try:
                held = await self._locks.take(key)
            except CacheUnavailableError:
                aged = self._stack.recall(key)
                return self._newer(known, Located(aged, MEMORY) if aged is not None else None)
            if held is not None:
                await until_stored.enter_async_context(self._locks.kept(held))
            shared = await self._stack.shared(key)
            newer = self._newer(known, shared)
            if newer is not None or held is not None:
                return newer or held
            if flight.stale is None and shared is not None:
                flight.learn(shared)
            await polls.wait()

    @staticmethod
    def _newer(known: Located | None, found: Located | None) -> Located | None:
        """Return what was found if it spares the computation."""
        if found is None or not found.aged.is_fresh:
            return None
        if known is not None and found.aged.entry.token <= known.aged.entry.token:
            return None
        return found

    async def _landed(
        self,
        key: Key,
        result: object,
        policy: Policy,
        tags: tuple[str, ...],
        born: int,
        token: int,
        took_s: float,
    ) -> Landed:
        computed: Computed[Any] = result if isinstance(result, Computed) else Computed(result)
        try:
            body = self._codec.dumps(computed.value)
        except UncacheableValueError as error:
            _log.warning("%s is computed each time: %s", key, error)
            return Landed(None, computed.value)
        entry = Entry(
            body,
            policy.lifetime_s(computed.ttl_s, took_s),
            policy.stale_s,
            born,
            token,
            tuple(dict.fromkeys((*tags, *computed.tags))),
        )
        await self._stack.store(key, entry)
        return Landed(Located(Aged(entry, 0.0), COMPUTED), None)
