"""How fast each level of the cache answers, and how often its memory has what is asked for.

Latencies are of `Cache.get` on an embedding (768 floats of 32 bits) and its text, each level with
the faster ones emptied, on a Redis and a SQLite file of the benchmark's own. Hit ratios are of the
admission policy alone: on a trace of 4-byte big-endian keys (`--trace`, for example web07 of
cache2k: W-TinyLFU is published at 53.53% for 1000 entries, LRU at 50.41%), without one on a mix
after Zipf's law; and on a loop over twice as many keys as fit. `stampede_computations` is how often
a key is computed that so many callers of four instances ask for at once.
"""

import argparse
import asyncio
import lzma
import random
import secrets
import statistics
import struct
import sys
import tempfile
import time
import tracemalloc
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np
from redis.asyncio import Redis

from benchmarks._postgres import say
from neurocortex.cache.admission import TinyLfu
from neurocortex.cache.cache import Cache, opened
from neurocortex.cache.keys import Key
from neurocortex.cache.memory import MemoryLevel
from neurocortex.cache.values import Entry
from neurocortex.embedded import ports, process
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, RedisServer
from neurocortex.settings import CacheSettings

ENTRIES: Final = 1000
LOOP_ENTRIES: Final = 500
GETS: Final = 2000
CALLERS: Final = 10_000
INSTANCES: Final = 4
START_TIMEOUT_S: Final = 30.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--trace", type=Path, help="keys as 4-byte big-endian numbers, maybe .xz")


def run(options: argparse.Namespace) -> dict[str, float]:
    """Measure, and return the figures by name."""
    trace = _trace(options.trace) if options.trace else _zipf()
    loop = [number % (2 * LOOP_ENTRIES) for number in range(100_000)]
    say("hit ratios")
    figures = {
        "hit_ratio_trace": _hit_ratio(trace, ENTRIES),
        "hit_ratio_trace_lru": _lru_ratio(trace, ENTRIES),
        "hit_ratio_loop": _hit_ratio(loop, LOOP_ENTRIES),
        "hit_ratio_loop_lru": _lru_ratio(loop, LOOP_ENTRIES),
        "overhead_bytes_per_entry": _overhead(),
    }
    return figures | asyncio.run(_on_redis())


def _trace(path: Path) -> list[int]:
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return list(struct.unpack(f">{len(raw) // 4}i", raw))


def _zipf() -> list[int]:
    pick = random.Random(1)
    return [int(pick.paretovariate(0.8)) for _ in range(100_000)]


def _hit_ratio(requests: Sequence[int], capacity: int) -> float:
    policy, hits = TinyLfu(capacity), 0
    for request in map(str, requests):
        if policy.request(request):
            hits += 1
        else:
            policy.add(request, 1)
    return 100 * hits / len(requests)


def _lru_ratio(requests: Sequence[int], capacity: int) -> float:
    kept: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for request in requests:
        hits += request in kept
        kept[request] = None
        kept.move_to_end(request)
        if len(kept) > capacity:
            kept.popitem(last=False)
    return 100 * hits / len(requests)


def _overhead() -> float:
    """Return the bytes that an entry of the memory takes beyond its value."""
    count, body = 20_000, 100
    tracemalloc.start()
    level = MemoryLevel(2**30, 300)
    for number in range(count):
        entry = Entry(secrets.token_bytes(body), 60.0, 0.0, time.time_ns(), time.time_ns(), ())
        level.write(Key("tenant", "namespace", f"{number:032x}"), entry, 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / count - body


async def _on_redis() -> dict[str, float]:
    async with _redis() as (url, folder):
        say("latencies")
        figures = await _latencies(url, folder)
        say("stampede")
        return figures | {"stampede_computations": await _stampede(url, folder)}


async def _latencies(url: str, folder: Path) -> dict[str, float]:
    value = {"text": "an answer " * 20, "embedding": np.random.default_rng(1).random(768, "f4")}
    keys = [Key("acme", "benchmark", str(number)) for number in range(GETS)]
    async with _instance(url, folder, "a") as cache:
        for key in keys:
            await cache.set(key, value)
        found = {"l1": await _timed(cache, keys, "memory")}
    async with _instance(url, folder, "b") as cache:
        found["l2"] = await _timed(cache, keys, "redis")
    async with Redis.from_url(url) as redis:
        for key in keys:
            await redis.delete(f"neurocortex:cache:entry:{key}")
    async with _instance(url, folder, "a") as cache:
        found["l3"] = await _timed(cache, keys, "disk")
    return {f"{level}_get_us_p50": us for level, us in found.items()}


async def _timed(cache: Cache, keys: Sequence[Key], level: str) -> float:
    took = []
    for key in keys:
        started = time.perf_counter()
        found = await cache.get(key)
        took.append(time.perf_counter() - started)
        if found is None or found.level != level:
            sys.exit(f"{key} was not read from {level}: {found}")
    return statistics.median(took) * 1e6


async def _stampede(url: str, folder: Path) -> int:
    computations = 0

    async def compute() -> str:
        nonlocal computations
        computations += 1
        await asyncio.sleep(0.5)
        return "an answer"

    async with AsyncExitStack() as stack:
        caches = [
            await stack.enter_async_context(_instance(url, folder, f"s{number}"))
            for number in range(INSTANCES)
        ]
        key = Key("acme", "benchmark", "stampede")
        callers = (caches[at % INSTANCES] for at in range(CALLERS))
        await asyncio.gather(*(cache.get_or_compute(key, compute) for cache in callers))
    return computations


@asynccontextmanager
async def _instance(url: str, folder: Path, machine: str) -> AsyncGenerator[Cache]:
    async with (
        Redis.from_url(url) as redis,
        opened(CacheSettings(), redis, folder / machine / "cache.db") as cache,
    ):
        yield cache


@asynccontextmanager
async def _redis() -> AsyncGenerator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="neurocortex-benchmark-") as name:
        folder = Path(name)
        server = RedisServer(folder / "redis", folder / "log", ports.free(), secrets.token_hex(16))
        service = server.service()
        child = process.spawn(service.command())
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not service.is_ready():
                if child.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"Redis did not start:\n{process.tail(server.log)}")
                await asyncio.sleep(process.POLL_S)
            yield server.url(PLATFORM_DATABASE), folder
        finally:
            process.stop(child, service.stop_signal, START_TIMEOUT_S)
