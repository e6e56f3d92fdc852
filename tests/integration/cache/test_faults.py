"""Whatever breaks, the caller gets a right value, and soon."""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances, Line
    from tests.integration.conftest import MortalRedis

pytestmark = pytest.mark.anyio

KEY = Key("acme", "answers", "1")
PATIENCE_S = 6.0
FORKER = Path(__file__).parent / "forker.py"
BROKEN_DISK = Path(__file__).parent / "broken_disk.py"


def other(number: int) -> Key:
    return Key("acme", "others", str(number))


@dataclass
class Work:
    value: object = "because"
    runs: int = 0

    async def __call__(self) -> object:
        self.runs += 1
        return self.value


async def until_level(cache: Cache, level: str) -> None:
    """Ask for new keys until one is served the usual way again."""
    deadline = time.monotonic() + PATIENCE_S
    number = 0
    while cache.stats()[level].fills == 0:
        assert time.monotonic() < deadline
        number += 1
        await cache.get_or_compute(other(number), Work())
        await asyncio.sleep(0.02)


async def test_without_redis_memory_and_disk_answer_and_it_is_used_again_when_back(
    instances: "Instances", mortal_redis: "MortalRedis"
) -> None:
    work = Work()
    async with instances.open("a", mortal_redis.url) as cache:
        await cache.get_or_compute(KEY, work)
        mortal_redis.kill()
        started = time.monotonic()
        for number in range(200):
            assert (await cache.get_or_compute(KEY, work)).value == "because"
            assert (await cache.get_or_compute(other(number % 20), Work(number % 20))).value == (
                number % 20
            )
        assert time.monotonic() - started < 3
        assert work.runs == 1
        assert cache.stats()["redis"].skipped > 0
        mortal_redis.start()
        fills = cache.stats()["redis"].fills
        deadline = time.monotonic() + PATIENCE_S
        number = 1000
        while cache.stats()["redis"].fills == fills:
            assert time.monotonic() < deadline
            number += 1
            await cache.get_or_compute(other(number), Work())
            await asyncio.sleep(0.02)


async def test_it_opens_without_redis(instances: "Instances", mortal_redis: "MortalRedis") -> None:
    mortal_redis.kill()
    async with instances.open("a", mortal_redis.url) as cache:
        work = Work()
        assert (await cache.get_or_compute(KEY, work)).level == "computed"
        assert (await cache.get_or_compute(KEY, work)).level == "memory"
        assert not (await cache.invalidate(KEY)).delivered
        assert (await cache.get_or_compute(KEY, work)).level == "computed"


async def test_a_slow_redis_is_not_waited_for(instances: "Instances", line: "Line") -> None:
    async with instances.open("a", line.url) as cache:
        line.delay_s = 0.5
        started = time.monotonic()
        for number in range(50):
            assert (await cache.get_or_compute(other(number), Work(number))).value == number
        assert time.monotonic() - started < 5
        assert cache.stats()["redis"].skipped > 0


async def test_a_redis_that_answers_nonsense_is_passed_over(
    instances: "Instances", line: "Line"
) -> None:
    async with instances.open("a", line.url) as cache:
        work = Work()
        await cache.get_or_compute(KEY, work)
        line.garbage = b"$5\r\nwhat?\r\n"
        for number in range(50):
            assert (await cache.get_or_compute(other(number), Work(number))).value == number
        assert (await cache.get_or_compute(KEY, work)).value == "because"
        line.garbage = None
        line.cut()
        line.mend()
        for number in range(50):
            assert (await cache.get_or_compute(other(number), Work(number))).value == number
    assert work.runs == 1


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"NC2" + b"\0" * 50, b"\x80\x04N."])
async def test_poisoned_bytes_in_redis_are_a_miss(
    instances: "Instances", client: Redis, garbage: bytes
) -> None:
    async with instances.open("a") as here:
        await here.get_or_compute(KEY, Work())
    await client.hset(f"neurocortex:cache:entry:{KEY}", "b", garbage)
    async with instances.open("b") as there:
        assert (await there.get_or_compute(KEY, Work("new"))).value == "new"
        assert (await there.get_or_compute(KEY, Work("newer"))).value == "new"


async def test_an_entry_whose_age_is_nonsense_is_a_miss(
    instances: "Instances", client: Redis
) -> None:
    async with instances.open("a") as here:
        await here.get_or_compute(KEY, Work())
    await client.hset(f"neurocortex:cache:entry:{KEY}", "m", "yesterday")
    async with instances.open("b") as there:
        assert (await there.get_or_compute(KEY, Work("new"))).value == "new"
        assert there.stats()["redis"].failures == 0


async def test_the_entry_of_another_tenant_under_this_key_is_a_miss(
    instances: "Instances", client: Redis
) -> None:
    async with instances.open("a") as here:
        await here.get_or_compute(Key("other", "answers", "1"), Work("theirs"))
    theirs = await client.hget("neurocortex:cache:entry:other:answers:1", "b")
    assert theirs is not None
    await client.hset(f"neurocortex:cache:entry:{KEY}", mapping={"b": theirs, "t": "0", "m": "0"})
    async with instances.open("b") as there:
        assert await there.get(KEY) is None
        assert (await there.get_or_compute(KEY, Work("ours"))).value == "ours"


async def test_a_key_of_another_type_in_redis_stops_nobody(
    instances: "Instances", client: Redis
) -> None:
    await client.set(f"neurocortex:cache:entry:{KEY}", "a text, not a hash")
    async with instances.open() as cache:
        assert (await cache.get_or_compute(KEY, Work())).value == "because"


async def test_a_damaged_file_is_replaced(instances: "Instances") -> None:
    file = instances.folder / "a" / "cache.db"
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 1000)
    async with instances.open("a") as cache:
        await until_level(cache, "disk")
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM entries").fetchone() > (0,)
    database.close()


async def test_a_file_that_cannot_be_written_stops_nobody(instances: "Instances") -> None:
    (instances.folder / "a").write_text("a file where the folder should be")
    async with instances.open("a") as cache:
        for number in range(10):
            assert (await cache.get_or_compute(other(number), Work(number))).value == number
        assert cache.stats()["disk"].failures > 0
        assert (await cache.get_or_compute(other(1), Work())).level == "memory"


async def test_redis_stays_within_its_bound(instances: "Instances", client: Redis) -> None:
    async with instances.open() as cache:
        for number in range(40):
            await cache.get_or_compute(other(number), Work(random_bytes(number)))
        evicted = cache.stats()["redis"].evicted_bytes
    assert evicted > 0
    taken = int(await client.hget("neurocortex:cache:state", "bytes") or 0)
    entries = [key async for key in client.scan_iter("neurocortex:cache:entry:*")]
    stored = sum([len(await client.hget(key.decode(), "b") or b"") for key in entries])
    assert taken == stored <= 16 * 2**20


def random_bytes(seed: int) -> bytes:
    """2/3 of a megabyte that do not compress."""
    return random.Random(seed).randbytes(700_000)


def test_a_forked_child_leaves_the_connections_of_its_parent_alone(
    redis_url: str, tmp_path: Path
) -> None:
    said = said_by(FORKER, redis_url, str(tmp_path))
    assert said["child"] == {"refusals": [True] * 5, "found": "kept"}
    assert said["parent"] == ["kept", None, "written after"], "the child ended the second"
    assert said["failures"] == {"memory": 0, "redis": 0, "disk": 0}


@pytest.mark.parametrize("how", ["full", "readonly"])
def test_a_disk_that_takes_nothing_more_stops_nobody(redis_url: str, how: str) -> None:
    # Below /tmp itself: the child becomes a user who may not look into the folders of the tests.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        disk = Path(folder) / "disk"
        disk.mkdir()
        said = said_by(BROKEN_DISK, how, redis_url, str(disk))
    assert said["same"]
    assert said["failures"] > 0
    assert said["took_s"] < 3


def said_by(script: Path, *arguments: str) -> Any:
    program = [sys.executable, str(script), *arguments]
    ran = subprocess.run(program, capture_output=True, check=False, timeout=30, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
