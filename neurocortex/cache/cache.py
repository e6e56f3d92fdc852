"""The cache: what is dear to compute is computed once, for every process and machine.

What it does when all goes well and when not follows FusionCache; what stays in memory, Caffeine.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from redis.asyncio import Redis

from neurocortex.cache.backplane import Backplane
from neurocortex.cache.breaker import Breaker
from neurocortex.cache.claims import Claims
from neurocortex.cache.client import NAMESPACE, Scripts
from neurocortex.cache.codec import Adapter, Codec
from neurocortex.cache.computations import COMPUTED, Computations
from neurocortex.cache.counters import CounterFlush
from neurocortex.cache.disk_level import SOFT_TIMEOUT_S, DiskLevel
from neurocortex.cache.explaining import Explanation, explain
from neurocortex.cache.failures import Failures
from neurocortex.cache.flights import Flight
from neurocortex.cache.guarded import GuardedLevel
from neurocortex.cache.keys import Key
from neurocortex.cache.lock import LEASE_S, Locks
from neurocortex.cache.marks import Marks
from neurocortex.cache.memory import MEMORY, MemoryLevel
from neurocortex.cache.prefetch import Prefetcher
from neurocortex.cache.redis_level import RedisLevel
from neurocortex.cache.shares import MOST_PARTS
from neurocortex.cache.stack import Located, Stack
from neurocortex.cache.values import (
    Announced,
    Computed,
    Entry,
    Found,
    Invalidation,
    LevelStats,
    Policy,
)
from neurocortex.cache.write_back import WriteBack
from neurocortex.settings import CacheSettings

T = TypeVar("T")

REDIS_SOFT_TIMEOUT_S: Final = 0.25
"""A call to Redis takes a millisecond; the value of one that takes longer is not worth it."""

MEGABYTE: Final = 2**20

DEFAULT: Final = Policy()


@asynccontextmanager
async def opened(
    settings: CacheSettings,
    redis: Redis,
    file: Path,
    adapters: Iterable[Adapter[Any]] = (),
    *,
    lease_s: float = LEASE_S,
    namespace: str = NAMESPACE,
) -> AsyncGenerator["Cache"]:
    """Open the cache for one event loop. It opens, and works, without Redis and disk too.

    Args:
        settings: how much each level holds, and how long.
        redis: a client with `decode_responses=False`; it stays open.
        file: the SQLite file of level 3, which the processes of a machine share.
        adapters: types that may be cached beyond the built-in ones.
        lease_s: a process that died in a computation delays the others at most so long.
        namespace: what the keys in Redis start with.
    """
    longest_s = max(settings.memory_ttl_s, settings.redis_ttl_s, settings.disk_ttl_s)
    marks, codec = Marks(longest_s), Codec(adapters)
    breaker = Breaker("redis", REDIS_SOFT_TIMEOUT_S)
    client = Scripts(redis, namespace, REDIS_SOFT_TIMEOUT_S)
    memory = MemoryLevel(
        round(settings.memory_mb * MEGABYTE),
        settings.memory_ttl_s,
        most_parts=MOST_PARTS if settings.adaptive_shares else 1,
    )
    disk = DiskLevel(file, round(settings.disk_mb * MEGABYTE), settings.disk_ttl_s)

    def remove_all(tenant: str) -> None:
        memory.forget_all(tenant)
        disk.clear_soon(tenant)

    backplane = Backplane(client, marks, memory.forget, remove_all)
    redis_bytes = round(settings.redis_mb * MEGABYTE)
    shared = RedisLevel(client, marks, backplane, breaker, redis_bytes, settings.redis_ttl_s)
    guarded = GuardedLevel(shared, breaker, marks)
    stack = Stack(
        memory,
        guarded,
        GuardedLevel(disk, Breaker("disk", SOFT_TIMEOUT_S), marks),
        marks,
        backplane,
        breaker,
        codec.can_read,
        WriteBack(shared, guarded),
        Prefetcher() if settings.prefetch else None,
    )
    locks = Locks(client, breaker, lease_s)
    computations = Computations(stack, locks, codec, adaptive_ttl=settings.adaptive_ttl)
    flush = CounterFlush(client, breaker, stack, file)
    backplane.open()
    try:
        await stack.in_step()
        flush.open()
        yield Cache(stack, computations, Claims(stack, locks, codec), codec)
    finally:
        await computations.end()
        await stack.settled()
        await flush.close()
        await backplane.close()
        await client.close()
        await breaker.close()
        await disk.close()


class Cache:
    """Made by `opened`."""

    def __init__(
        self, stack: Stack, computations: Computations, claims: Claims, codec: Codec
    ) -> None:
        self.claims = claims
        """For who computes by itself."""
        self._stack = stack
        self._computations = computations
        self._codec = codec
        self._failures = Failures(stack.marks)

    async def get(self, key: Key) -> Found[object] | None:
        """Return a fresh value, or None. Its type is the one that was stored."""
        stack = self._stack
        if stack.behind:
            await stack.in_step()
        aged = stack.recall(key)
        if aged is not None and aged.age_s < aged.entry.ttl_s:
            return Found(self._codec.loads(aged.entry.body), MEMORY, aged.age_s)
        located = await stack.find(key)
        return self._found(located) if located and located.aged.is_fresh else None

    async def set(
        self, key: Key, value: object, policy: Policy = DEFAULT, tags: Iterable[str] = ()
    ) -> None:
        """Keep a value, in place of what any instance has under its key.

        Raises:
            UncacheableValueError: a part of it cannot be written as bytes; nothing was changed.
        """
        body = self._codec.dumps(value)
        replaced = await self.invalidate(key)
        entry = Entry(
            body,
            policy.lifetime_s(),
            policy.stale_s,
            replaced.version,
            replaced.version,
            tuple(tags),
        )
        await self._stack.store(key, entry)

    async def get_or_compute(
        self,
        key: Key,
        compute: Callable[[], Awaitable[T | Computed[T]]],
        policy: Policy = DEFAULT,
        tags: Iterable[str] = (),
    ) -> Found[T]:
        """Return a value, computed if need be: once, whoever else asks for it on any machine.

        Args:
            key: what it is found by.
            compute: makes it. It goes on when its caller is cancelled, as others may wait for it.
            policy: how long it is kept, and what happens when computing fails or is slow.
            tags: names that it can be invalidated by.

        Raises:
            CachedFailureError: it failed a moment ago, and `policy.failure_ttl_s` says not to try.
            Exception: what `compute` raised, where no stale value may stand in.
        """
        if self._stack.behind:
            await self._stack.in_step()
        aged = self._stack.recall(key)
        known = Located(aged, MEMORY) if aged is not None else None
        if known is not None and known.aged.is_fresh:
            found = self._found(known)
            self._refresh_if_due(key, compute, policy, tuple(tags), known)
        else:
            found = await self._computed(key, compute, policy, tuple(tags), known)
        # A key belongs to one kind of value: its types are those that `compute` returned.
        return cast("Found[T]", found)

    async def invalidate(self, key: Key) -> Announced:
        """End an entry on every level of every instance."""
        announced = await self._stack.invalidate(Invalidation.of_key(key))
        await self._stack.drop(key)
        return announced

    async def invalidate_tag(self, tenant: str, tag: str) -> Announced:
        """End all entries of a tenant, or of `EVERYONE`, that have a tag: one step for all."""
        return await self._stack.invalidate(Invalidation(tenant, "tag", tag))

    async def invalidate_pattern(self, tenant: str, pattern: str) -> Announced:
        """End entries of a tenant whose `NAMESPACE:DIGEST` fits: `*` any text, `?` one letter."""
        return await self._stack.invalidate(Invalidation(tenant, "pattern", pattern))

    async def clear(self, tenant: str) -> Announced:
        """End all entries of a tenant, and remove them: from Redis and this machine's disk at once,
        from other machines when they hear of it.

        Raises:
            CacheUnavailableError: a level does not answer. What is there still is not served.
        """
        return await self._stack.clear(tenant)

    async def catch_up(self) -> None:
        """Learn of all invalidations so far: what is read after it is not older than they are.

        Without it an instance hears of one within milliseconds.

        Raises:
            CacheUnavailableError: Redis does not answer.
        """
        await self._stack.catch_up()

    async def explain(self, key: Key) -> Explanation:
        """Return where an entry is and what has ended it; see `explaining.py`."""
        is_computed = await self.claims.is_taken(key)
        return await explain(self._stack, key, is_computed=is_computed)

    def stats(self) -> Mapping[str, LevelStats]:
        """Return what each level did in this process, by its name."""
        return self._stack.stats()

    async def _computed(
        self,
        key: Key,
        compute: Callable[[], Awaitable[object]],
        policy: Policy,
        tags: tuple[str, ...],
        known: Located | None,
    ) -> Found[object]:
        failed = self._failures.of(key)
        if failed is not None:
            found = self._stale(key, known, failed.reason)
            if found is None:
                raise failed
            return found
        flight = self._computations.join(key, compute, policy, tags, known)
        if not await flight.landed(policy.soft_timeout_s) and not await flight.landed_or_stale():
            reason = f"computing it takes longer than {policy.soft_timeout_s:g} s"
            found = self._stale(key, flight.stale, reason)
            if found is not None:
                return found
            await flight.landed()
        return self._landed(key, compute, policy, tags, flight)

    def _landed(
        self,
        key: Key,
        compute: Callable[[], Awaitable[object]],
        policy: Policy,
        tags: tuple[str, ...],
        flight: Flight,
    ) -> Found[object]:
        error = flight.task.exception()
        if error is not None:
            self._failures.remember(key, error, flight.outline, policy.failure_ttl_s)
            found = self._stale(key, flight.stale, repr(error))
            if found is None:
                raise error
            return found
        landed = flight.task.result()
        if landed.located is None:
            return Found(landed.value, COMPUTED, 0.0)
        self._refresh_if_due(key, compute, policy, tags, landed.located)
        return self._found(landed.located)

    def _refresh_if_due(
        self,
        key: Key,
        compute: Callable[[], Awaitable[object]],
        policy: Policy,
        tags: tuple[str, ...],
        known: Located,
    ) -> None:
        if policy.refresh_after is None:
            return
        if known.aged.age_s >= policy.refresh_after * known.aged.entry.ttl_s:
            self._computations.refresh(key, compute, policy, tags, known)

    def _found(self, located: Located) -> Found[object]:
        value = self._codec.loads(located.aged.entry.body)
        return Found(value, located.level, located.aged.age_s)

    def _stale(self, key: Key, located: Located | None, reason: str) -> Found[object] | None:
        """Return a value past its time, with why it is served, unless it was invalidated."""
        if located is None or not self._stack.marks.allow(key, located.aged.entry):
            return None
        self._stack.stood_in(located.level)
        return self._found(located)._replace(stale_because=reason)
