"""What is cleared is not only ended: its bytes are gone, wherever they were."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key
from neurocortex.embedded.redis_server import forget_deleted
from neurocortex.errors import CacheUnavailableError

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances, Line
    from tests.integration.conftest import MortalRedis

pytestmark = pytest.mark.anyio

SECRET = "Ada Lovelace wrote programs"
PATIENCE_S = 10.0


def on_disk(folder: Path) -> bool:
    """Tell whether any file below a folder, logs of databases too, holds the secret."""
    return any(SECRET.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def until_on_disk(folder: Path, *, there: bool) -> None:
    started = time.monotonic()
    while on_disk(folder) is not there:
        assert time.monotonic() - started < PATIENCE_S
        await asyncio.sleep(0.01)


async def in_redis(client: Redis) -> bool:
    names = [name async for name in client.scan_iter(match="*:entry:acme:*")]
    return bool(names)


async def fill(cache: Cache, tenant: str, count: int) -> None:
    keys = [Key(tenant, "answers", str(number)) for number in range(count)]
    for at in range(0, count, 25):
        some = keys[at : at + 25]
        await asyncio.gather(*(cache.set(key, f"{SECRET}, answer {key.digest}") for key in some))


async def test_nothing_of_a_tenant_is_left_and_others_keep_theirs(
    instances: "Instances", client: Redis, tmp_path: Path
) -> None:
    kept = Key("acme2", "answers", "1")
    async with instances.open("a") as here, instances.open("b") as there:
        await fill(here, "acme", 700)  # more than one step of the script
        assert await there.get(Key("acme", "answers", "1")) is not None
        await fill(there, "acme", 1)
        await here.set(kept, "of somebody else")
        for machine in "ab":
            await until_on_disk(tmp_path / machine, there=True)
        assert await in_redis(client)

        await here.clear("acme")
        assert not await in_redis(client)
        assert await client.zcard("neurocortex:cache:index") == 1
        for machine in "ab":
            await until_on_disk(tmp_path / machine, there=False)
        assert (await there.explain(Key("acme", "answers", "1"))).copies == ()
        found = await there.get(kept)
        assert found is not None
        assert found.value == "of somebody else"


async def test_what_was_being_computed_is_not_kept_afterwards(
    instances: "Instances", tmp_path: Path
) -> None:
    async with instances.open("a") as here:
        began, cleared = asyncio.Event(), asyncio.Event()

        async def compute() -> str:
            began.set()
            await cleared.wait()
            return SECRET

        asked = asyncio.create_task(here.get_or_compute(Key("acme", "answers", "1"), compute))
        await began.wait()
        await here.clear("acme")
        cleared.set()
        assert (await asked).value == SECRET
    assert not on_disk(tmp_path)


async def test_clearing_says_so_where_redis_is_away(instances: "Instances", line: "Line") -> None:
    async with instances.open("a", line.url) as here:
        await fill(here, "acme", 1)
        line.cut()
        with pytest.raises(CacheUnavailableError):
            await here.clear("acme")


async def test_the_file_of_redis_is_written_anew(
    mortal_redis: "MortalRedis", instances: "Instances"
) -> None:
    data = mortal_redis.server.data
    async with instances.open("a", mortal_redis.url) as here:
        await fill(here, "acme", 3)
        await until_on_disk(data, there=True)
        await here.clear("acme")
        forget_deleted(mortal_redis.url)
        await until_on_disk(data, there=False)
