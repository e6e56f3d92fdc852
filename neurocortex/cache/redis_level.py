"""Level 2: Redis, shared by all processes and machines. Bounded in bytes and time."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from neurocortex.cache import scripts
from neurocortex.cache.backplane import Backplane
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.client import Run, Scripts, decoded
from neurocortex.cache.envelope import seal, unseal
from neurocortex.cache.keys import Key, prefix
from neurocortex.cache.marks import Marks
from neurocortex.cache.values import Aged, Entry
from neurocortex.errors import CorruptEntryError

ATTEMPTS: Final = 5
"""To store while others invalidate: each needs an invalidation within a round trip."""

_STORED: Final = TypeAdapter(tuple[bytes, int])
_CURSOR: Final = TypeAdapter(bytes)


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
        read = await self._client.read(f"entry:{key.text}")
        if not self._marks.follows(read.epoch, read.version):
            await self._breaker.in_time(self._backplane.catch_up)
        if read.sealed is None:
            return None
        try:
            age_s = (read.now_ms - int(read.made or 0)) / 1000
        except ValueError as error:
            raise CorruptEntryError(f"{key}: it has no age: {error}") from error
        return Aged(unseal(key, read.sealed), max(age_s, 0.0))

    async def put(self, key: Key, entry: Entry, age_s: float) -> int | None:
        """See `Level.put`. Nothing is stored that an invalidation has ended meanwhile."""
        (evicted,) = await self.put_all([(key, Aged(entry, age_s))])
        return evicted

    async def put_all(self, batch: Sequence[tuple[Key, Aged]]) -> list[int | None]:
        """Keep several entries, all in one round trip; returns what `put` does for each."""
        evicted: list[int | None] = [None] * len(batch)
        marks = self._marks
        writes = [(at, self._write_of(key, aged)) for at, (key, aged) in enumerate(batch)]
        left = {at: write for at, write in writes if write is not None}
        for _ in range(ATTEMPTS):
            left = {at: each for at, each in left.items() if marks.allow(each.key, each.entry)}
            if not left:
                break
            answers = await self._store(tuple(left.values()))
            for at, (outcome, freed) in zip(tuple(left), answers, strict=True):
                if outcome != b"behind":
                    evicted[at] = freed if outcome == b"stored" else None
                    del left[at]
            if left:
                await self._backplane.catch_up()
        return evicted

    async def drop(self, key: Key) -> None:
        """See `Level.drop`."""
        await self._client.run(scripts.DROP, [key.text], key=f"entry:{key.text}")

    async def clear(self, tenant: str) -> None:
        """See `Level.clear`."""
        cursor, start = b"0", prefix(tenant)
        while True:
            answer = await self._client.run(
                scripts.CLEAR, [start, cursor, self._client.key("entry:")]
            )
            cursor = decoded(_CURSOR, answer)
            if cursor == b"0":
                return

    def _write_of(self, key: Key, aged: Aged) -> "_Write | None":
        """Return an entry as it is to be written; None: it is too large, or past its life."""
        entry, age_s = aged
        sealed = seal(key, entry)
        stays_ms = int(min(entry.life_s - age_s, self.max_s) * 1000)
        if stays_ms <= 0 or len(sealed) > self._max_bytes:
            return None
        return _Write(key, entry, sealed, stays_ms, round(age_s * 1000))

    async def _store(self, writes: Sequence["_Write"]) -> list[tuple[bytes, int]]:
        marks, room, prefix = self._marks, self._max_bytes, self._client.key("entry:")
        calls = [
            Run(
                [
                    each.key.text,
                    each.sealed,
                    each.stays_ms,
                    each.entry.token,
                    marks.epoch,
                    marks.version,
                    room,
                    prefix,
                    each.age_ms,
                ],
                f"entry:{each.key.text}",
            )
            for each in writes
        ]
        answers = await self._client.run_all(scripts.STORE, calls)
        return [decoded(_STORED, answer) for answer in answers]


class _Write(NamedTuple):
    key: Key
    entry: Entry
    sealed: bytes
    stays_ms: int
    age_ms: int
