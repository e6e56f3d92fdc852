"""What was invalidated is not read again: on any instance, whatever was cut off or under way."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key
from neurocortex.cache.values import EVERYONE, Found
from neurocortex.errors import CacheUnavailableError, UnkeyableValueError

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances, Line

pytestmark = pytest.mark.anyio

KEY = Key("acme", "answers", "1")
PATIENCE_S = 5.0


class Source:
    """What is cached: a value that changes, and is slow to read when told so."""

    def __init__(self) -> None:
        self.value = 0
        self.takes_s = 0.0

    async def read(self) -> int:
        value = self.value
        await asyncio.sleep(self.takes_s)
        return value


async def values(*caches: Cache, key: Key = KEY) -> list[object]:
    found: list[Found[object] | None] = [await cache.get(key) for cache in caches]
    return [each.value if each is not None else None for each in found]


async def until_gone(cache: Cache, key: Key = KEY) -> float:
    started = time.monotonic()
    while await cache.get(key) is not None:
        assert time.monotonic() - started < PATIENCE_S
        await asyncio.sleep(0.001)
    return time.monotonic() - started


@pytest.mark.parametrize("how", ["key", "tag", "pattern"])
async def test_every_instance_hears_of_it_within_moments(instances: "Instances", how: str) -> None:
    source, other = Source(), Key("acme", "papers", "1")
    async with instances.open("a") as here, instances.open("b") as there:
        for cache in (here, there):
            await cache.get_or_compute(KEY, source.read, tags=["paper-7"])
            await cache.get_or_compute(other, source.read, tags=["paper-8"])
        if how == "key":
            await here.invalidate(KEY)
        elif how == "tag":
            await here.invalidate_tag("acme", "paper-7")
        else:
            await here.invalidate_pattern("acme", "answers:*")
        assert await values(here) == [None]
        assert await until_gone(there) < 1
        assert await values(here, there, key=other) == [0, 0]


async def test_a_tag_of_everyone_ends_the_entries_of_every_tenant(instances: "Instances") -> None:
    source, other = Source(), Key("other", "papers", "1")
    async with instances.open("a") as here, instances.open("b") as there:
        for key in (KEY, other):
            await here.get_or_compute(key, source.read, tags=["paper-7"])
        await there.invalidate_tag(EVERYONE, "paper-7")
        await here.catch_up()
        assert await values(here, there) == [None, None]
        assert await values(here, there, key=other) == [None, None]
        with pytest.raises(UnkeyableValueError):
            await there.invalidate_pattern(EVERYONE, "*")


async def test_invalidated_on_disk_too_also_after_a_restart(instances: "Instances") -> None:
    source = Source()
    async with instances.open("a") as here:
        await here.get_or_compute(KEY, source.read, tags=["paper-7"])
    async with instances.open("b") as there:
        await there.invalidate_tag("acme", "paper-7")
    async with instances.open("a") as here:
        assert await values(here) == [None]


async def test_a_value_whose_computation_was_overtaken_is_not_stored(
    instances: "Instances",
) -> None:
    source = Source()
    source.takes_s = 0.2
    async with instances.open("a") as here, instances.open("b") as there:
        early = asyncio.create_task(here.get_or_compute(KEY, source.read, tags=["paper-7"]))
        await asyncio.sleep(0.1)
        source.value = 1
        await there.invalidate_tag("acme", "paper-7")
        await here.catch_up()
        late = asyncio.create_task(here.get_or_compute(KEY, source.read, tags=["paper-7"]))
        assert (await early).value == 0
        assert (await late).value == 1
        assert await values(here, there) == [1, 1]


async def test_an_instance_that_was_cut_off_reads_nothing_stale_once_it_is_back(
    instances: "Instances", line: "Line"
) -> None:
    source = Source()
    async with instances.open("a") as here, instances.open("b", line.url) as far:
        for cache in (here, far):
            await cache.get_or_compute(KEY, source.read)
        line.cut()
        await asyncio.sleep(0.05)
        await here.invalidate(KEY)
        assert await values(far) == [0]  # it cannot know, and goes on with what it has
        line.mend()
        source.value = 1
        started = time.monotonic()
        while (await far.get_or_compute(KEY, source.read)).value == 0:
            # Not back yet: its breaker tries again within a second or so.
            assert time.monotonic() - started < PATIENCE_S
            await asyncio.sleep(0.01)
        for _ in range(20):
            assert await values(far) == [1]


async def test_an_invalidation_ordered_while_cut_off_holds_here_and_reaches_the_others_later(
    instances: "Instances", line: "Line"
) -> None:
    source = Source()
    async with instances.open("a") as here, instances.open("b", line.url) as far:
        for cache in (here, far):
            await cache.get_or_compute(KEY, source.read, tags=["paper-7"])
        line.cut()
        await asyncio.sleep(0.05)
        ordered = await far.invalidate_tag("acme", "paper-7")
        assert not ordered.delivered
        assert await values(here, far) == [0, None]
        source.value = 1
        assert (await far.get_or_compute(KEY, source.read, tags=["paper-7"])).value == 1
        assert await values(far) == [1]
        line.mend()
        await until_gone(here)
        assert (await here.get_or_compute(KEY, source.read)).value == 1


async def test_a_redis_that_forgot_makes_every_older_copy_suspect(
    instances: "Instances", client: Redis
) -> None:
    source = Source()
    async with instances.open("a") as here:
        await here.get_or_compute(KEY, source.read)
        await client.flushdb()
        source.value = 1
        await here.catch_up()
        assert await values(here) == [None]
        assert (await here.get_or_compute(KEY, source.read)).value == 1


async def test_random_traffic_over_three_instances_reads_nothing_older_than_invalidated(
    instances: "Instances", line: "Line"
) -> None:
    """Each read that follows a `catch_up` gives a value at least as new as the last change whose
    invalidation had returned."""
    pick = random.Random(7)
    keys = [Key("acme", "answers", str(number)) for number in range(4)]
    truth = dict.fromkeys(keys, 0)

    def reader(key: Key) -> Callable[[], Awaitable[int]]:
        async def read() -> int:
            value = truth[key]
            await asyncio.sleep(pick.choice([0, 0, 0.002]))
            return value

        return read

    async with (
        instances.open("a") as one,
        instances.open("b") as two,
        instances.open("c", line.url) as three,
    ):

        async def change() -> None:
            for _ in range(150):
                key, cache = pick.choice(keys), pick.choice([one, two])
                truth[key] += 1
                match pick.randrange(4):
                    case 0:
                        await cache.set(key, truth[key], tags=[key.digest])
                    case 1:
                        await cache.invalidate_tag("acme", key.digest)
                    case 2:
                        await cache.invalidate_pattern("acme", f"*:{key.digest}")
                    case _:
                        await cache.invalidate(key)
                done[key] = truth[key]
                await asyncio.sleep(0.002)

        async def ask(cache: Cache) -> int:
            asked = 0
            while not changing.done():
                key = pick.choice(keys)
                if cache is three and pick.random() < 0.02:
                    line.cut()
                    await asyncio.sleep(0.01)
                    line.mend()
                at_least = done[key]  # before: what ends while it asks is not promised
                if not await _caught_up(cache):
                    await asyncio.sleep(0.01)
                    continue
                found = await cache.get_or_compute(key, reader(key), tags=[key.digest])
                assert found.value >= at_least
                asked += 1
            return asked

        done = dict(truth)
        changing = asyncio.create_task(change())
        asked = await asyncio.gather(*(ask(cache) for cache in (one, two, three) for _ in range(3)))
        await changing
        assert sum(asked) > 200


async def _caught_up(cache: Cache) -> bool:
    try:
        await cache.catch_up()
    except CacheUnavailableError:
        return False
    return True
