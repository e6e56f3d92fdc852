"""A process whose callers all ask for one key: `asker.py REDIS FOLDER CALLERS SECONDS`."""

import asyncio
import json
import os
import sys
from pathlib import Path

from redis.asyncio import Redis

from neurocortex.cache.cache import opened
from neurocortex.cache.keys import Key
from neurocortex.settings import CacheSettings


async def main(url: str, folder: str, callers: int, takes_s: float) -> None:
    settings = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)

    async def compute() -> str:
        await redis.incr("computations")
        await asyncio.sleep(takes_s)
        return f"computed by {os.getpid()}"

    async with (
        Redis.from_url(url) as redis,
        opened(settings, redis, Path(folder) / str(os.getpid()), lease_s=1) as cache,
    ):
        print("ready", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.readline)
        asked = (cache.get_or_compute(Key("acme", "asked", "1"), compute) for _ in range(callers))
        found = await asyncio.gather(*asked)
        print(json.dumps([each.value for each in found]))  # noqa: T201


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
