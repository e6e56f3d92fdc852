"""One process of a stampede: `python -m benchmarks._cache_asker REDIS FOLDER CALLERS SECONDS`.

It says when it is ready, and asks when told to.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from neurocortex.cache.cache import opened
from neurocortex.cache.keys import Key
from neurocortex.settings import CacheSettings

COUNTER: Final = "benchmark:computations"
KEY: Final = Key("acme", "benchmark", "stampede")


async def main(url: str, folder: Path, callers: int, takes_s: float) -> None:
    """Ask once for each caller, all at the same time."""

    async def compute() -> str:
        await redis.incr(COUNTER)
        await asyncio.sleep(takes_s)
        return "an answer"

    async with (
        Redis.from_url(url) as redis,
        opened(CacheSettings(), redis, folder / "cache.db") as cache,
    ):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        asked = (cache.get_or_compute(KEY, compute) for _ in range(callers))
        answers = [found.value for found in await asyncio.gather(*asked)]
        print(sum(answer == "an answer" for answer in answers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
