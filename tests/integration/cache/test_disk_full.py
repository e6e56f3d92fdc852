"""A disk without room, a real one: nobody waits for it or gets a wrong value, and it comes back."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache, opened
from neurocortex.cache.keys import Key
from neurocortex.settings import CacheSettings

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances

pytestmark = pytest.mark.anyio

PATIENCE_S = 10.0
SETTINGS = CacheSettings(memory_mb=0.001, redis_mb=16, disk_mb=16)
"""Nothing fits in the memory."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place))
    try:
        tried = subprocess.run(mount, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")
    yield place
    unmount = ("umount", "--lazy", str(place))
    subprocess.run(unmount, check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)
    return filler


def key(number: int) -> Key:
    return Key("acme", "papers", str(number))


async def asked(cache: Cache, number: int) -> bytes:
    async def compute() -> bytes:
        return number.to_bytes(2, "big") + os.urandom(20_000)

    return (await cache.get_or_compute(key(number), compute)).value


async def lose_entries(client: Redis) -> None:
    names = [name async for name in client.scan_iter("neurocortex:cache:entry:*")]
    await client.delete(*names)


async def test_a_full_disk_stops_nobody_and_is_used_again_when_there_is_room(
    instances: "Instances", client: Redis, small_disk: Path
) -> None:
    async with (
        Redis.from_url(instances.redis_url) as redis,
        opened(SETTINGS, redis, small_disk / "cache.db") as cache,
    ):
        values = {0: await asked(cache, 0)}
        async with asyncio.timeout(PATIENCE_S):
            while cache.stats()["disk"].fills == 0:
                await asyncio.sleep(0.01)
        filler = fill(small_disk)
        values |= {number: await asked(cache, number) for number in range(1, 20)}
        for number, value in values.items():
            assert await asked(cache, number) == value
        async with asyncio.timeout(PATIENCE_S):
            while cache.stats()["disk"].failures == 0:
                await asyncio.sleep(0.01)

        await lose_entries(client)
        for number, value in values.items():
            found = await cache.get(key(number))
            assert found is None or found.value == value

        filler.unlink()
        fills, number = cache.stats()["disk"].fills, 100
        async with asyncio.timeout(PATIENCE_S):
            while cache.stats()["disk"].fills == fills:
                number += 1
                values[number] = await asked(cache, number)
                await asyncio.sleep(0.05)
        await lose_entries(client)
        again = [await cache.get(key(number)) for number in values]
        assert "disk" in {found.level for found in again if found}
        assert all(
            found.value == values[at] for at, found in zip(values, again, strict=True) if found
        )
