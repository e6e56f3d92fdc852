"""Computations that are made elsewhere, in Prefect say: claimed, stored and given back by steps.

`Cache.get_or_compute` does all of it around a call. Who computes by itself has to claim the key
first: the claim is the lock, and remembers when the computation began, so that an invalidation that
comes meanwhile still ends the value.
"""

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from neurocortex.cache.codec import Codec
from neurocortex.cache.keys import Key
from neurocortex.cache.lock import Held, Locks, Polls
from neurocortex.cache.stack import Stack
from neurocortex.cache.values import Entry, Policy
from neurocortex.errors import CacheUnavailableError


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to compute a key, until it is given back."""

    key: Key
    born: int
    """The last invalidation when it was made."""
    token: int
    """Of two values of a key the one with the higher token stays."""
    renewed: AsyncExitStack
    """Renews the lock until it is closed; empty where Redis is gone and there is no lock."""


class Claims:
    """Those of one event loop."""

    def __init__(self, stack: Stack, locks: Locks, codec: Codec) -> None:
        """Store in `stack` what is computed under one of `locks`."""
        self._stack = stack
        self._locks = locks
        self._codec = codec

    async def take(self, key: Key, timeout_s: float | None = None) -> Claim | None:
        """Return the claim on a key, or None if another holds it for `timeout_s`.

        A holder that died delays the others by its lease, seconds. Where Redis does not answer the
        claim is given without a lock: computing twice is better than not at all. Look again for the
        value after this: another holder may have stored it.
        """
        await self._stack.in_step()
        ends = None if timeout_s is None else time.monotonic() + timeout_s
        polls = Polls()
        while True:
            try:
                held = await self._locks.take(key)
            except CacheUnavailableError:
                return await self._claim(key, None)
            if held is not None:
                return await self._claim(key, held)
            if ends is not None and time.monotonic() >= ends:
                return None
            await polls.wait()

    async def is_taken(self, key: Key) -> bool:
        """Return whether anybody holds the claim on a key; False where Redis does not answer."""
        try:
            return await self._locks.is_taken(key)
        except CacheUnavailableError:
            return False

    async def store(
        self, claim: Claim, value: object, policy: Policy, tags: tuple[str, ...]
    ) -> None:
        """Keep what was computed under a claim, unless an invalidation or a later claim beat it.

        Raises:
            UncacheableValueError: a part of it cannot be written as bytes.
        """
        entry = Entry(
            body=self._codec.dumps(value),
            ttl_s=policy.lifetime_s(),
            stale_s=policy.stale_s,
            born=claim.born,
            token=claim.token,
            tags=tags,
        )
        await self._stack.store(claim.key, entry)

    async def give_back(self, claim: Claim) -> None:
        """Let others have the key."""
        await claim.renewed.aclose()

    async def _claim(self, key: Key, held: Held | None) -> Claim:
        renewed = AsyncExitStack()
        if held is not None:
            await renewed.enter_async_context(self._locks.kept(held))
        token = held.token if held else time.time_ns() // 1000
        return Claim(key, self._stack.marks.latest, token, renewed)
