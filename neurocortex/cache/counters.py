"""What the caches of all processes did, added up in Redis.

Flow runs live for seconds: nobody could ask each of them. Every process adds what it counted to one
hash, once a second and at its end, and says what its levels hold. That is one round trip a second
for each process, and none for a read.

| key | type | holds |
| --- | --- | --- |
| counters | hash | `LEVEL NAME` -> sum over all processes, ever |
| held | hash | `LEVEL PLACE` -> `BYTES SECONDS`: what it holds, and when that was said |
"""

import asyncio
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, cast

from redis import Redis

from neurocortex.cache.breaker import Breaker
from neurocortex.cache.client import NAMESPACE, Scripts, reached
from neurocortex.cache.durations import BOUNDS_S
from neurocortex.cache.stack import Stack
from neurocortex.cache.values import LevelStats
from neurocortex.errors import CacheUnavailableError

EVERY_S: Final = 1.0
"""A process that is killed takes so much of its counts with it."""

CURRENT_S: Final = 10.0
"""What a process said to hold in memory longer ago is no longer held: it has ended."""

COUNTERS: Final = "counters"
HELD: Final = "held"

_SUMS: Final = tuple(each.name for each in fields(LevelStats) if each.type is int)
_MICROSECONDS: Final = 1_000_000


class CounterFlush:
    """Adds this process's counts to those of all."""

    def __init__(self, client: Scripts, breaker: Breaker, stack: Stack, file: Path) -> None:
        """Add what `stack` counts, while `breaker` is open later; `file` is that of the disk."""
        self._client = client
        self._breaker = breaker
        self._stack = stack
        self._file = file
        host = socket.gethostname()
        self._memory = f"memory {host}:{os.getpid()}:{id(self)}"
        self._disk = f"disk {host}:{file}"
        self._sent: dict[str, int] = {}
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="cache counters")

    async def close(self) -> None:
        """Add the last counts, and say that nothing is held any more."""
        self._closing.set()
        if self._task is not None:
            await self._task
        await self._flush(open_still=False)

    async def _run(self) -> None:
        while not self._closing.is_set():
            await self._flush()
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._closing.wait()
            except TimeoutError:
                continue

    async def _flush(self, *, open_still: bool = True) -> None:
        now = dict(_flat(self._stack.stats()))
        added = {name: count - self._sent.get(name, 0) for name, count in now.items()}
        try:
            await self._breaker.call(lambda: self._add(added, open_still))
        except CacheUnavailableError:
            return  # they are added by the next one
        self._sent = now

    async def _add(self, added: Mapping[str, int], open_still: bool) -> None:
        counters, places = self._client.key(COUNTERS), self._client.key(HELD)
        now = round(time.time())
        on_disk = self._file.stat().st_size if self._file.exists() else 0
        with reached():
            async with self._client.redis.pipeline() as batch:
                for name, count in added.items():
                    if count:
                        batch.hincrby(counters, name, count)
                batch.hset(places, self._disk, f"{on_disk} {now}")
                if open_still:
                    batch.hset(places, self._memory, f"{self._stack.in_memory} {now}")
                else:
                    batch.hdel(places, self._memory)
                await batch.execute()


@dataclass(frozen=True, slots=True)
class Totals:
    """What all caches did, and what is held."""

    levels: Mapping[str, LevelStats]
    """By the level's name."""
    held: Mapping[str, int]
    """Bytes now, by the level's name; of memory in all processes together."""
    entries: int
    """In Redis."""


def read_totals(redis: Redis, namespace: str = NAMESPACE) -> Totals:
    """Return the counts of all processes on a Redis.

    Raises:
        CacheUnavailableError: it does not answer.
    """
    with reached(), redis.pipeline() as batch:
        batch.hgetall(f"{namespace}:{COUNTERS}")
        batch.hgetall(f"{namespace}:{HELD}")
        batch.hget(f"{namespace}:state", "bytes")
        batch.zcard(f"{namespace}:index")
        counters, places, in_redis, entries = batch.execute()
    counts = {bytes(name).decode(): int(count) for name, count in counters.items()}
    held: dict[str, int] = {"redis": int(in_redis or 0)}
    for place, said in places.items():
        level = bytes(place).decode().split(" ", 1)[0]
        amount, at = map(int, said.split())
        # A disk keeps what it holds when the last process has ended; their memory is gone.
        if level == "disk" or time.time() - at < CURRENT_S:
            held[level] = held.get(level, 0) + amount
        else:  # its process was killed; one that only stood still says it again
            with reached():
                redis.hdel(f"{namespace}:{HELD}", place)
    names = dict.fromkeys(name.split(" ", 1)[0] for name in counts)
    return Totals({name: _level(counts, name) for name in names}, held, int(entries))


def _flat(stats: Mapping[str, LevelStats]) -> Iterator[tuple[str, int]]:
    for level, counted in stats.items():
        for name in _SUMS:
            yield f"{level} {name}", cast("int", getattr(counted, name))
        yield f"{level} read_us", round(counted.read_s * _MICROSECONDS)
        for at, count in enumerate(counted.reads):
            yield f"{level} reads {at}", count


def _level(counts: Mapping[str, int], level: str) -> LevelStats:
    sums = {name: counts.get(f"{level} {name}", 0) for name in _SUMS}
    reads = tuple(counts.get(f"{level} reads {at}", 0) for at in range(len(BOUNDS_S) + 1))
    read_s = counts.get(f"{level} read_us", 0) / _MICROSECONDS
    return LevelStats(**sums, reads=reads, read_s=read_s)
