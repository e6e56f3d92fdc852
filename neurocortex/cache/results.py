"""Results that others compute, as bytes under an address: read, claimed, written, given back."""

import asyncio
import logging

from neurocortex.cache.addresses import Address
from neurocortex.cache.cache import Cache
from neurocortex.cache.claims import Claim
from neurocortex.cache.keys import Key
from neurocortex.cache.lock import Polls
from neurocortex.cache.protection import KEEP_ALL, Protection
from neurocortex.cache.values import Policy

_log = logging.getLogger(__name__)


class Results:
    """Those of one process, for one event loop."""

    def __init__(self, cache: Cache, protection: Protection = KEEP_ALL) -> None:
        """Keep them in `cache`, as far as `protection` allows."""
        self.cache = cache
        self._protection = protection
        self._claims: dict[str, tuple[str, Claim]] = {}

    async def read(self, key: Key) -> bytes | None:
        """Return a result that is fresh, or None."""
        found = await self.cache.get(key)
        if found is None or not isinstance(found.value, bytes):
            return None
        try:
            return self._protection.reveal(key, found.value)
        except Exception:  # noqa: BLE001 - it is not ours, and whatever it raises is a miss
            _log.exception("%s is computed again: what is kept of it cannot be revealed", key)
            return None

    async def write(self, address: Address, content: bytes) -> None:
        """Keep a result; one computed under a claim only if nothing has ended it meanwhile."""
        key = address.key
        try:
            kept = self._protection.protect(key, content)
        except Exception:  # noqa: BLE001 - it is not ours; nothing unprotected is kept
            _log.exception("%s is not kept: its protection failed", key)
            return
        if kept is None:
            return
        policy = Policy(ttl_s=address.ttl_s)
        _, claim = self._claims.get(key.text, (None, None))
        if claim is None:
            await self.cache.set(key, kept, policy, address.tags)
        else:
            await self.cache.claims.store(claim, kept, policy, address.tags)

    async def claim(self, key: Key, holder: str, timeout_s: float | None = None) -> bool:
        """Take the right to compute a key for a holder; False: another had it for `timeout_s`."""
        if await self.holds(key, holder):
            return True
        claim = await self.cache.claims.take(key, timeout_s)
        if claim is None:
            return False
        self._claims[key.text] = (holder, claim)
        return True

    async def wait(self, key: Key, timeout_s: float | None = None) -> bool:
        """Wait until nobody has the claim on a key; False: not within `timeout_s`."""
        polls = Polls()
        try:
            async with asyncio.timeout(timeout_s):
                while await self.is_claimed(key):
                    await polls.wait()
        except TimeoutError:
            return False
        return True

    async def holds(self, key: Key, holder: str) -> bool:
        """Return whether that holder has the claim on a key."""
        known, _ = self._claims.get(key.text, (None, None))
        return known == holder

    async def is_claimed(self, key: Key) -> bool:
        """Return whether anybody has the claim on a key."""
        return key.text in self._claims or await self.cache.claims.is_taken(key)

    async def release(self, key: Key, holder: str) -> None:
        """Give a holder's claim back, if it still has it."""
        if await self.holds(key, holder):
            _, claim = self._claims.pop(key.text)
            await self.cache.claims.give_back(claim)
