"""One computation of a key at a time across processes and machines."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from neurocortex.cache import scripts
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.client import Scripts, decoded, reached
from neurocortex.cache.keys import Key
from neurocortex.errors import CacheUnavailableError

LEASE_S: Final = 5.0
"""A holder that died delays the others at most so long."""

RENEWALS: Final = 3
"""In each lease: two lost ones cost a living holder nothing."""

_ANSWER: Final = TypeAdapter(tuple[int, int])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that was taken."""

    key: Key
    owner: str
    token: int
    """Fences: of two holders the later one has the higher."""

    @property
    def text(self) -> str:
        """As Redis keeps it."""
        return f"{self.owner} {self.token}"


class Locks:
    """Locks on keys, in Redis."""

    def __init__(self, client: Scripts, breaker: Breaker, lease_s: float = LEASE_S) -> None:
        """Take locks for `lease_s`, renewed for as long as the holder lives."""
        self._client = client
        self._breaker = breaker
        self._lease_ms = round(lease_s * 1000)

    async def take(self, key: Key) -> Held | None:
        """Return the lock of a key, or None while another holds it.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        owner = uuid4().hex
        answer = await self._run(scripts.LOCK, key, owner)
        token, _ = decoded(_ANSWER, answer)
        return Held(key, owner, token) if token else None

    async def is_taken(self, key: Key) -> bool:
        """Return whether anybody holds the lock of a key.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        return await self._breaker.call(lambda: self._exists(self._client.key(f"lock:{key.text}")))

    @asynccontextmanager
    async def kept(self, held: Held) -> AsyncGenerator[None]:
        """Renew a lock until the block ends, then give it back.

        A lock that is lost on the way stops nobody: what its holder computed is stored only if no
        later holder has stored before.
        """
        renewal = asyncio.create_task(self._renew(held), name=f"lock of {held.key}")
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(asyncio.CancelledError):
                await renewal
            with suppress(CacheUnavailableError):  # it expires by itself
                await self._breaker.call(
                    lambda: self._client.run(
                        scripts.UNLOCK, [held.text], key=f"lock:{held.key.text}"
                    )
                )

    async def _renew(self, held: Held) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 1000 / RENEWALS)
            try:
                if not await self._run(scripts.RENEW, held.key, held.text):
                    _log.warning("%s may be computed twice: its lock was lost", held.key)
                    return
            except CacheUnavailableError:
                continue  # tried again before it runs out

    async def _exists(self, name: str) -> bool:
        with reached():
            return bool(await self._client.redis.exists(name))

    async def _run(self, script: str, key: Key, owner: str) -> object:
        return await self._breaker.call(
            lambda: self._client.run(script, [owner, self._lease_ms], key=f"lock:{key.text}")
        )


class Polls:
    """Short pauses at first, longer ones later: a quick result is seen soon, a slow one cheaply."""

    FIRST_S: Final = 0.005
    LONGEST_S: Final = 0.1

    def __init__(self) -> None:
        self._pause_s = self.FIRST_S

    async def wait(self) -> None:
        """Sleep until the next look, a little at random: waiters shall not come in step."""
        await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        self._pause_s = min(self._pause_s * 1.5, self.LONGEST_S)
