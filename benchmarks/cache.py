"""How fast each level of the cache answers, how often memory has what is asked for, what is stale.

`lN_get_us_p50` is `Cache.get` of an answer of 2 KB that level N has and none before it, on a Redis
and a SQLite file of the benchmark's own; that of level 3 while Redis is away, as a cache on disk
alone has none to ask, and with Redis asked first as `l3_after_l2`. cashews and aiocache do the same
in turns with ours, pickled as they ship; `l2_gets_per_s_16` and `l2_cpu_us_per_get_16` are of 16
callers at once. Hit ratios in percent are of the admission policy and the
prefetcher alone: on a trace of 4-byte big-endian keys (`--trace`, for example web07 of cache2k, on
which W-TinyLFU is published at 53.53 for 1000 entries, LRU at 50.41) or a mix after Zipf's law; on
a loop over twice as many keys as fit; on sessions that read a document's parts in order; and on
embeddings, answers and frames of very different sizes, whose bytes are one or shared by use.
`stampede_computations` is how often a key is computed that 10,000 callers in four processes ask for
at once, `stale_after_invalidation` how many reads in 10,000 random events on three instances, one
cut off now and then, gave a value older than an invalidation that the instance had heard of.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import time
import tracemalloc
from asyncio.subprocess import PIPE, create_subprocess_exec
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from benchmarks._cache_asker import COUNTER
from benchmarks._cache_instances import instance, own_redis
from benchmarks._cache_levels import latencies
from benchmarks._cache_line import laid
from benchmarks._cache_stale import Traffic
from benchmarks._cache_traces import ratios
from benchmarks._postgres import say
from neurocortex.cache.keys import Key
from neurocortex.cache.memory import MemoryLevel
from neurocortex.cache.values import Entry

GETS: Final = 2000
EVENTS: Final = 10_000
QUICK: Final = 10
"""So many times fewer of each with `--quick`."""

CALLERS: Final = 10_000
PROCESSES: Final = 4
TAKES_S: Final = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--trace", type=Path, help="keys as 4-byte big-endian numbers, maybe .xz")
    parser.add_argument("--quick", action="store_true", help="a tenth of the reads and events")


def run(options: argparse.Namespace) -> dict[str, float]:
    """Measure, and return the figures by name."""
    share = QUICK if options.quick else 1
    # It warns of each invalidation while the line is cut, which is what is measured.
    logging.getLogger("neurocortex.cache").setLevel(logging.ERROR)
    say("hit ratios")
    figures = ratios(options.trace)
    figures["overhead_bytes_per_entry"] = _overhead()
    return figures | asyncio.run(_on_redis(share))


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


async def _on_redis(share: int) -> dict[str, float]:
    async with own_redis() as (url, folder):
        say("latencies")
        figures = await latencies(url, folder, GETS // share)
        say("stampede")
        figures["stampede_computations"] = await _stampede(url, folder)
        say("random traffic")
        return figures | await _stale(url, folder, EVENTS // share)


async def _stampede(url: str, folder: Path) -> int:
    program = (sys.executable, "-m", "benchmarks._cache_asker", url)
    numbers = (str(CALLERS // PROCESSES), str(TAKES_S))
    children = [
        await create_subprocess_exec(
            *program, str(folder / f"s{at}"), *numbers, stdin=PIPE, stdout=PIPE
        )
        for at in range(PROCESSES)
    ]
    for child in children:
        if child.stdout is None or await child.stdout.readline() != b"ready\n":
            sys.exit("a process of the stampede did not start")
    answers = await asyncio.gather(*(child.communicate(b"go\n") for child in children))
    if sum(int(out) for out, _ in answers) != CALLERS:
        sys.exit("some callers of the stampede got no answer")
    async with Redis.from_url(url) as redis:
        return int(await redis.get(COUNTER) or 0)


async def _stale(url: str, folder: Path, events: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(laid(url))
        places = (("near", url), ("other", url), ("far", line.url))
        caches = [
            await stack.enter_async_context(instance(at, folder, name)) for name, at in places
        ]
        traffic = Traffic(caches, line)
        await traffic.run(events)
    return {
        "random_events": events,
        "partitions": traffic.partitions,
        "reads_after_invalidation": traffic.reads,
        "stale_after_invalidation": traffic.stale,
    }
