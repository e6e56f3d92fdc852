"""A process that forks with its cache open: `forker.py REDIS FOLDER`. It prints what each saw."""

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Callable, Coroutine
from pathlib import Path

from redis.asyncio import Redis

from neurocortex.cache.cache import Cache, opened
from neurocortex.cache.keys import Key
from neurocortex.errors import ForkedCacheError
from neurocortex.settings import CacheSettings

KEY, OTHER = Key("acme", "forked", "1"), Key("acme", "forked", "2")
SETTINGS = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)


async def compute() -> str:
    return "computed again"


async def refused(call: Coroutine[object, object, object]) -> bool:
    try:
        await call
    except ForkedCacheError:
        return True
    return False


async def child(inherited: Cache, url: str, folder: Path) -> dict[str, object]:
    calls = (
        inherited.get(KEY),
        inherited.get_or_compute(OTHER, compute),
        inherited.set(KEY, "the child's"),
        inherited.invalidate(KEY),
        inherited.catch_up(),
    )
    refusals = [await refused(call) for call in calls]
    async with Redis.from_url(url) as redis, opened(SETTINGS, redis, folder / "cache.db") as own:
        found = await own.get(KEY)
        await own.invalidate(OTHER)
        return {"refusals": refusals, "found": found and found.value}


def in_child(story: Callable[[], Coroutine[object, object, dict[str, object]]]) -> object:
    """Fork; return what a new event loop in the child says."""
    back, out = os.pipe()
    pid = os.fork()
    if pid == 0:
        with os.fdopen(out, "w") as pipe:
            pipe.write(json.dumps(asyncio.run(story())))
        os._exit(0)
    os.close(out)
    with os.fdopen(back) as pipe:
        said = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return said


async def main(url: str, folder: Path) -> None:
    async with Redis.from_url(url) as redis, opened(SETTINGS, redis, folder / "cache.db") as cache:
        for key in (KEY, OTHER):
            await cache.set(key, "kept")
        said = in_child(lambda: child(cache, url, folder))
        await cache.catch_up()
        after = [await cache.get(key) for key in (KEY, OTHER)]
        await cache.set(OTHER, "written after")
        last = await cache.get(OTHER)
        values = [each and each.value for each in (*after, last)]
        stats = cache.stats()
        failures = {level: each.failures for level, each in stats.items()}
        print(json.dumps({"child": said, "parent": values, "failures": failures}))  # noqa: T201


# Since 3.12 Python warns of a fork beside threads: here it is the point.
warnings.simplefilter("ignore", DeprecationWarning)
asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
