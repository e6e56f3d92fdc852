"""A process on a disk that fails: `broken_disk.py full|readonly REDIS FOLDER`.

`full`: no file may grow beyond some kilobytes. `readonly`: it loses the right to write, and
everything that it may have had open. It prints what it saw.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

from redis.asyncio import Redis

from neurocortex.cache.cache import opened
from neurocortex.cache.keys import Key
from neurocortex.settings import CacheSettings

LIMIT = 200_000
NOBODY = 65534
SETTINGS = CacheSettings(memory_mb=0.001, redis_mb=16, disk_mb=16)
"""Nothing fits in the memory."""


def key(number: int) -> Key:
    return Key("acme", "broken", str(number))


async def compute() -> bytes:
    return os.urandom(50_000)


async def main(how: str, url: str, folder: Path) -> None:
    file = folder / "cache.db"
    async with Redis.from_url(url) as redis:
        async with opened(SETTINGS, redis, file) as cache:
            first = (await cache.get_or_compute(key(0), compute)).value
        spoil(how, file)
        async with opened(SETTINGS, redis, file) as cache:
            began = time.monotonic()
            same = (await cache.get_or_compute(key(0), compute)).value == first
            values = {(await cache.get_or_compute(key(at), compute)).value for at in range(1, 20)}
            again = {(await cache.get_or_compute(key(at), compute)).value for at in range(1, 20)}
            took_s = time.monotonic() - began
            failures = cache.stats()["disk"].failures
    said = {"same": same and values == again, "took_s": took_s, "failures": failures}
    print(json.dumps(said))  # noqa: T201


def spoil(how: str, file: Path) -> None:
    if how == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
        return
    file.chmod(0o444)
    file.parent.chmod(0o555)
    if os.getuid() == 0:  # who may write all the same
        os.setuid(NOBODY)


asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
