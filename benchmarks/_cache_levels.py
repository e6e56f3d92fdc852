"""How long a read takes from each level, beside cashews and aiocache."""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from benchmarks._cache_instances import instance
from benchmarks._cache_line import laid
from benchmarks._cache_peers import Get, peers
from neurocortex.cache.breaker import FAILURES
from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key

VALUE: Final = {
    "answer": "The incubation period is five days on average. " * 40,
    "sources": [{"document": f"paper {number}", "score": number / 7} for number in range(5)],
}
"""An answer and its sources, as the platform caches them: 2 KB."""

CALLERS: Final = 16
"""Who ask at the same time."""

WRITTEN_S: Final = 0.2
"""What was read from the disk is in Redis by then."""


async def latencies(url: str, folder: Path, count: int) -> dict[str, float]:
    """Return median times in microseconds; each of `count` keys is read from each level."""
    keys = [Key("acme", "benchmark", str(number)) for number in range(count)]
    async with peers(url, folder, [key.text for key in keys], VALUE) as others:
        async with instance(url, folder, "a") as cache:
            for key in keys:
                await cache.set(key, VALUE)
        async with instance(url, folder, "b") as cache:
            figures = await _timed("l2", cache, "redis", keys, others["l2"])
            figures |= await _timed("l1", cache, "memory", keys, others["l1"])
        async with instance(url, folder, "c") as cache:
            figures |= await _together(cache, keys, others["l2"])
        async with Redis.from_url(url) as redis:
            for key in keys:
                await redis.delete(f"neurocortex:cache:entry:{key}")
        async with laid(url) as line, instance(line.url, folder, "a") as cache:
            half = count // 2
            figures |= await _timed("l3_after_l2", cache, "disk", keys[:half], {})
            await asyncio.sleep(WRITTEN_S)
            line.cut()
            for number in range(FAILURES):
                await cache.get(Key("acme", "benchmark", f"none-{number}"))
            figures |= await _timed("l3", cache, "disk", keys[half:], others["l3"])
    return figures


async def _timed(
    name: str, cache: Cache, level: str, keys: Sequence[Key], others: Mapping[str, Get]
) -> dict[str, float]:
    """Ask ours and the others in turn, key by key: what else the machine does hits all alike."""
    ours: list[float] = []
    theirs: dict[str, list[float]] = {other: [] for other in others}
    for key in keys:
        started = time.perf_counter()
        found = await cache.get(key)
        ours.append(time.perf_counter() - started)
        if found is None or found.level != level:
            sys.exit(f"{key} was not read from {level}: {found}")
        for other, get in others.items():
            started = time.perf_counter()
            value = await get(key.text)
            theirs[other].append(time.perf_counter() - started)
            if value is None:
                sys.exit(f"{other} has lost {key}")
    figures = {f"{name}_get_us_p50": _median_us(ours)}
    return figures | {
        f"{other}_{name}_get_us_p50": _median_us(took) for other, took in theirs.items()
    }


async def _together(
    cache: Cache, keys: Sequence[Key], others: Mapping[str, Get]
) -> dict[str, float]:
    """Return what a read from Redis costs this process when 16 callers ask at the same time."""
    figures: dict[str, float] = {}
    calls = {"": lambda key: cache.get(key)} | {
        f"{other}_": lambda key, get=get: get(key.text) for other, get in others.items()
    }
    for name, get in calls.items():
        left = iter(keys)
        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(_asker(get, left) for _ in range(CALLERS)))
        took_s, used_s = time.perf_counter() - began, time.process_time() - used
        figures[f"{name}l2_gets_per_s_{CALLERS}"] = len(keys) / took_s
        figures[f"{name}l2_cpu_us_per_get_{CALLERS}"] = used_s / len(keys) * 1e6
    return figures


async def _asker(get: Callable[[Key], Awaitable[object]], left: Iterator[Key]) -> None:
    for key in left:
        if await get(key) is None:
            sys.exit(f"{key} is lost")


def _median_us(took: Sequence[float]) -> float:
    return statistics.median(took) * 1e6
