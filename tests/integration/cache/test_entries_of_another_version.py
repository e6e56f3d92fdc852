"""What another version of a program wrote and this one cannot read is computed again, once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache, opened
from neurocortex.cache.codec import Adapter
from neurocortex.cache.keys import key_of
from neurocortex.settings import CacheSettings
from tests.integration.cache.conftest import LEASE_S, Instances

KEY = key_of("acme", "papers", 17)


@dataclass(frozen=True)
class Paper:
    title: str


PAPERS = Adapter("paper", Paper, lambda paper: paper.title, Paper)


@asynccontextmanager
async def version(
    instances: Instances, *adapters: Adapter[Paper], machine: str = "a"
) -> AsyncGenerator[Cache]:
    small = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)
    file = instances.folder / machine / "cache.db"
    async with (
        Redis.from_url(instances.redis_url) as redis,
        opened(small, redis, file, adapters, lease_s=LEASE_S) as cache,
    ):
        yield cache


async def title() -> str:
    return "now a text"


@pytest.mark.parametrize("where", ["redis and disk", "redis", "disk"])
def test_it_counts_as_absent_on_every_level(instances: Instances, where: str) -> None:
    async def scenario() -> None:
        async with version(instances, PAPERS) as old:
            await old.set(KEY, Paper("of before"))
        if where == "disk":
            async with Redis.from_url(instances.redis_url) as redis:
                await redis.unlink(f"neurocortex:cache:entry:{KEY}")
        async with version(instances, machine="b" if where == "redis" else "a") as new:
            assert await new.get(KEY) is None
            levels = [(await new.get_or_compute(KEY, title)).level for _ in range(3)]
            assert levels == ["computed", "memory", "memory"]
            found = await new.get(KEY)
            assert found is not None
            assert found.value == "now a text"

    asyncio.run(scenario())
