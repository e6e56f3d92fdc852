"""Level 2: Redis, shared by all processes and machines. Bounded in bytes and time."""

from typing import Final

from pydantic import TypeAdapter

from neurocortex.cache import scripts
from neurocortex.cache.backplane import Backplane
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.client import Scripts, decoded
from neurocortex.cache.envelope import seal, unseal
from neurocortex.cache.keys import Key
from neurocortex.cache.marks import Marks
from neurocortex.cache.values import Aged, Entry

ATTEMPTS: Final = 5
"""To store while others invalidate: each needs an invalidation within a round trip."""

_STORED: Final = TypeAdapter(tuple[bytes, int])


class RedisLevel:
    """Reading and storing keep this instance's marks in step: no answer is older than they say."""

    name = "redis"

    def __init__(
        self,
        client: Scripts,
        marks: Marks,
        backplane: Backplane,
        breaker: Breaker,
        max_bytes: int,
        max_s: float,
    ) -> None:
        """Let the entries of all instances together take `max_bytes`, each for `max_s`."""
        self.max_s = max_s
        self._breaker = breaker
        self._client = client
        self._marks = marks
        self._backplane = backplane
        self._max_bytes = max_bytes

    async def get(self, key: Key) -> Aged | None:
        """See `Level.get`. The age is by the clock of Redis, whatever this machine's says.

        Raises:
            CacheUnavailableError: Redis does not answer.
            CorruptEntryError: what is there is no entry.
        """
        epoch, version, *found = await self._client.read(f"entry:{key.text}")
        if not self._marks.follows(epoch, version):
            await self._breaker.in_time(self._backplane.catch_up)
        match found:
            case [int(age_ms), bytes(sealed)]:
                return Aged(unseal(key, sealed), max(age_ms / 1000, 0.0))
        return None

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """See `Level.put`. Nothing is stored that an invalidation has ended meanwhile."""
        sealed = seal(key, entry)
        stays_ms = int(min(entry.life_s - age_s, self.max_s) * 1000)
        if stays_ms <= 0 or len(sealed) > self._max_bytes:
            return None
        for _ in range(ATTEMPTS):
            if not self._marks.allow(key, entry):
                return None
            outcome, evicted = await self._store(key, entry, sealed, stays_ms, age_s)
            if outcome != b"behind":
                return evicted if outcome == b"stored" else None
            await self._backplane.catch_up()
        return None

    async def drop(self, key: Key) -> None:
        """See `Level.drop`."""
        await self._client.run(scripts.DROP, [key.text], key=f"entry:{key.text}")

    async def _store(
        self, key: Key, entry: Entry, sealed: bytes, stays_ms: int, age_s: float
    ) -> tuple[bytes, int]:
        arguments: list[str | bytes | int] = [
            key.text,
            sealed,
            stays_ms,
            entry.token,
            self._marks.epoch,
            self._marks.version,
            self._max_bytes,
            self._client.key("entry:"),
            round(age_s * 1000),
        ]
        answer = await self._client.run(scripts.STORE, arguments, key=f"entry:{key.text}")
        return decoded(_STORED, answer)
