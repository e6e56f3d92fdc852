"""Results that others compute: one at a time, never older than an invalidation, protected."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from neurocortex.cache.addresses import Address
from neurocortex.cache.cache import Cache
from neurocortex.cache.client import NAMESPACE
from neurocortex.cache.counters import read_totals
from neurocortex.cache.keys import Key
from neurocortex.cache.process import ProcessCache, close_all, of_process, open_results
from neurocortex.cache.results import Results
from neurocortex.errors import SettingsError
from neurocortex.settings import CacheSettings, Settings
from tests.integration.cache.conftest import LEASE_S, PATIENCE_S, Instances

ADDRESS = Address(Key("acme", "summaries", "17"), 60.0, ("document:17",))
KEY = ADDRESS.key


class Reversed:
    """Encrypts, as far as a test can see; keeps nothing that is secret."""

    def protect(self, key: Key, content: bytes) -> bytes | None:
        if b"broken" in content:
            raise ValueError(f"{key} cannot be judged")
        return None if b"secret" in content else content[::-1]

    def reveal(self, key: Key, content: bytes) -> bytes:
        if content.endswith(b"?"):
            raise ValueError(f"{key} was written with another key")
        return content[::-1]


REVERSED = Reversed()


def test_one_holder_computes_and_the_next_one_finds_it(instances: Instances) -> None:
    async def scenario() -> None:
        async with instances.open("a") as a, instances.open("b") as b:
            first, second = Results(a), Results(b)
            assert await first.claim(KEY, "first")
            assert await first.claim(KEY, "first"), "a retry of the same transaction"
            assert not await second.claim(KEY, "second", timeout_s=0.0)
            assert await second.is_claimed(KEY)
            waiting = asyncio.create_task(second.claim(KEY, "second"))
            await first.write(ADDRESS, b"value")
            await first.release(KEY, "first")
            assert await asyncio.wait_for(waiting, PATIENCE_S)
            assert await second.read(KEY) == b"value"
            await second.release(KEY, "second")
            assert await first.wait(KEY, PATIENCE_S)

    asyncio.run(scenario())


def test_a_holder_that_died_delays_the_next_one_by_its_lease(instances: Instances) -> None:
    async def scenario() -> None:
        async with instances.open("a") as a, instances.open("b") as b:
            claim = await a.claims.take(KEY)
            assert claim is not None
            claim.renewed.pop_all()  # nobody renews it any more, as when its process is killed
            for task in asyncio.all_tasks():
                if task.get_name() == f"lock of {KEY}":
                    task.cancel()
            async with asyncio.timeout(LEASE_S + PATIENCE_S):
                assert await Results(b).claim(KEY, "second")

    asyncio.run(scenario())


def test_a_holder_that_lives_keeps_its_claim_beyond_the_lease(instances: Instances) -> None:
    async def scenario() -> None:
        async with instances.open("a") as a, instances.open("b") as b:
            first = Results(a)
            assert await first.claim(KEY, "first")
            assert not await Results(b).claim(KEY, "second", timeout_s=1.5 * LEASE_S)
            await first.release(KEY, "first")

    asyncio.run(scenario())


@pytest.mark.parametrize("ended_by", ["tag", "key", "pattern"])
def test_what_was_invalidated_while_it_was_computed_is_not_kept(
    instances: Instances, ended_by: str
) -> None:
    async def end(cache: Cache) -> None:
        if ended_by == "tag":
            await cache.invalidate_tag("acme", "document:17")
        elif ended_by == "key":
            await cache.invalidate(KEY)
        else:
            await cache.invalidate_pattern("acme", "*")

    async def scenario() -> None:
        async with instances.open("a") as a, instances.open("b") as b:
            first = Results(a)
            assert await first.claim(KEY, "first")
            await end(b)
            await first.write(ADDRESS, b"of before")
            await first.release(KEY, "first")
            await b.catch_up()
            assert await first.read(KEY) is None
            assert await Results(b).read(KEY) is None

    asyncio.run(scenario())


def test_without_redis_everybody_may_compute(instances: Instances) -> None:
    async def scenario() -> None:
        async with instances.open(url="redis://127.0.0.1:9/0") as cache:
            results = Results(cache)
            assert await results.claim(KEY, "first")
            await results.write(ADDRESS, b"value")
            assert await results.read(KEY) == b"value", "this process's memory has it"
            await results.release(KEY, "first")

    asyncio.run(scenario())


def test_protection_decides_what_is_kept_and_in_which_form(instances: Instances) -> None:
    async def scenario() -> None:
        async with instances.open() as cache:
            results = Results(cache, REVERSED)
            await results.write(ADDRESS, b"value")
            found = await cache.get(KEY)
            assert found is not None
            assert found.value == b"eulav"
            assert await results.read(KEY) == b"value"

            for unwanted in (b"secret", b"broken"):
                await cache.invalidate(KEY)
                await results.write(ADDRESS, unwanted)
                assert await results.read(KEY) is None
            await results.write(ADDRESS, b"?elbadaernu")
            await cache.set(KEY, b"unreadable?")
            assert await results.read(KEY) is None

    asyncio.run(scenario())


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, cache=CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16))


def test_a_protection_that_is_none_is_refused_by_name(small: Settings, redis_url: str) -> None:
    for name in ("nowhere.at_all:it", "os:path"):
        wrong = small.model_copy(
            update={"cache": small.cache.model_copy(update={"protection": name})}
        )
        with pytest.raises(SettingsError, match=name):
            ProcessCache(lambda wrong=wrong: open_results(wrong, redis_url, 3.0))  # type: ignore[misc]


@pytest.fixture
def process(small: Settings, redis_url: str) -> Iterator[ProcessCache]:
    process = ProcessCache(lambda: open_results(small, redis_url, 3.0))
    yield process
    process.close()


def test_a_cache_is_shared_by_threads_and_event_loops(process: ProcessCache) -> None:
    process.call(lambda results: results.write(ADDRESS, b"value"))
    assert process.call(lambda results: results.read(KEY)) == b"value"

    async def elsewhere() -> bytes | None:
        return await process.acall(lambda results: results.read(KEY))

    assert asyncio.run(elsewhere()) == b"value"


def test_a_call_that_is_given_up_is_given_up_inside_too(process: ProcessCache) -> None:
    assert process.call(lambda results: results.claim(KEY, "first"))

    async def impatient() -> None:
        async with asyncio.timeout(0.05):
            await process.acall(lambda results: results.claim(KEY, "second"))

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    process.call(lambda results: results.release(KEY, "first"))
    assert process.call(lambda results: results.wait(KEY, PATIENCE_S)), "nobody took it meanwhile"


def test_a_process_that_ends_keeps_what_it_computed_and_says_nothing(
    small: Settings, redis_url: str
) -> None:
    code = f"""if True:
        from pathlib import Path
        from neurocortex.cache.addresses import parse
        from neurocortex.cache.process import of_process
        from neurocortex.settings import CacheSettings, Settings
        small = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)
        settings = Settings(home=Path({str(small.home)!r}), cache=small)
        process = of_process(settings, {redis_url!r}, 3.0)
        address = parse({str(ADDRESS)!r})
        process.call(lambda results: results.write(address, b"value"))
        """
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    with Redis.from_url(redis_url) as redis:
        redis.unlink(f"{NAMESPACE}:entry:{KEY}")
        assert read_totals(redis).levels["disk"].fills == 1, "its last counts were added"
    process = of_process(small, redis_url, 3.0)
    assert process.call(lambda results: results.read(KEY)) == b"value", "the disk has it"
    close_all()


def test_a_fork_opens_a_cache_of_its_own(small: Settings, redis_url: str) -> None:
    mine = of_process(small, redis_url, 3.0)
    mine.call(lambda results: results.write(ADDRESS, b"value"))
    child = os.fork()
    if child == 0:
        try:
            other = of_process(small, redis_url, 3.0)
            found = other.call(lambda results: results.read(KEY))
            other.close()
            os._exit(0 if other is not mine and found == b"value" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mine.call(lambda results: results.read(KEY)) == b"value"
    close_all()


@pytest.mark.parametrize("awaits", [True, False])
def test_the_order_of_a_callers_reads_is_learned_across_its_calls(
    small: Settings, redis_url: str, instances: Instances, awaits: bool
) -> None:
    eager = small.model_copy(update={"cache": small.cache.model_copy(update={"prefetch": True})})
    process = ProcessCache(lambda: open_results(eager, redis_url, 3.0))
    first, second = Key("acme", "parts", "1"), Key("acme", "parts", "2")

    async def read(*keys: Key) -> None:
        for key in keys:
            if awaits:
                await process.acall(lambda results, key=key: results.read(key))  # type: ignore[misc]
            else:
                process.call(lambda results, key=key: results.read(key))  # type: ignore[misc]

    async def fills(results: Results) -> int:
        await results.cache.catch_up()
        return results.cache.stats()["memory"].fills

    async def scenario() -> None:
        await read(first, second, first, second)
        async with instances.open("b") as elsewhere:
            await elsewhere.set(second, b"value")
        assert await process.acall(fills) == 0
        await read(first)
        async with asyncio.timeout(PATIENCE_S):
            while await process.acall(fills) == 0:
                await asyncio.sleep(0.001)

    try:
        asyncio.run(scenario())
    finally:
        process.close()
