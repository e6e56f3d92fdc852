"""The cache from the start: what is asked for is computed once, then found."""

import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from neurocortex.cache.keys import Key, key_of
from neurocortex.cache.values import Computed, Policy
from neurocortex.errors import CachedFailureError, UncacheableValueError

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances, Line

pytestmark = pytest.mark.anyio

KEY = key_of("acme", "answers", {"question": "why"})
PATIENCE_S = 10.0
ASKER = Path(__file__).parent / "asker.py"


@dataclass
class Work:
    """A computation that counts."""

    value: object = "because"
    takes_s: float = 0.0
    fails: Exception | None = None
    runs: int = field(default=0, init=False)

    async def __call__(self) -> Any:
        self.runs += 1
        await asyncio.sleep(self.takes_s)
        if self.fails is not None:
            raise self.fails
        return self.value


async def test_a_value_is_computed_then_found_in_each_level(instances: "Instances") -> None:
    work = Work({"text": "because", "scores": (0.5, 1)})
    async with instances.open("a") as here, instances.open("b") as there:
        first = await here.get_or_compute(KEY, work)
        again = await here.get_or_compute(KEY, work)
        elsewhere = await there.get_or_compute(KEY, work)
        assert [first.level, again.level, elsewhere.level] == ["computed", "memory", "redis"]
        assert first.value == again.value == elsewhere.value == work.value
        assert work.runs == 1
        assert here.stats()["memory"].hits == 1
        assert there.stats()["redis"].hits == 1


async def test_what_was_computed_survives_a_restart_on_disk(
    instances: "Instances", client: Redis
) -> None:
    work = Work()
    async with instances.open() as cache:
        await cache.get_or_compute(KEY, work)
    await client.delete(f"neurocortex:cache:entry:{KEY}")
    async with instances.open() as cache:
        assert (await cache.get_or_compute(KEY, work)).level == "disk"
        assert (await cache.get_or_compute(KEY, work)).level == "memory"
    async with instances.open("elsewhere") as cache:
        assert (await cache.get_or_compute(KEY, work)).level == "redis"
    assert work.runs == 1


async def test_what_one_caller_changes_no_other_sees(instances: "Instances") -> None:
    async with instances.open() as cache:
        asked = (cache.get_or_compute(KEY, Work([1], 0.01)) for _ in range(2))
        first, second = await asyncio.gather(*asked)
        first.value.append(2)
        assert second.value == [1]
        third = await cache.get_or_compute(KEY, Work())
        third.value.append(3)
        found = await cache.get(KEY)
        assert found is not None
        assert found.value == [1]


async def test_many_callers_share_one_computation(instances: "Instances") -> None:
    work = Work(takes_s=0.1)
    async with instances.open() as cache:
        asked = (cache.get_or_compute(KEY, work) for _ in range(1000))
        found = await asyncio.gather(*asked)
    assert {each.value for each in found} == {"because"}
    assert work.runs == 1


async def test_what_only_the_disk_has_goes_back_to_redis_many_at_a_time(
    instances: "Instances", client: Redis
) -> None:
    keys = [Key("acme", "papers", str(number)) for number in range(200)]
    async with instances.open() as cache:
        for key in keys:
            await cache.set(key, key.digest)
    entries = [f"neurocortex:cache:entry:{key}" for key in keys]
    await client.delete(*entries)
    connections = (await client.info("stats"))["total_connections_received"]
    async with instances.open() as cache:
        found = await asyncio.gather(*(cache.get(key) for key in keys))
        assert {each and each.level for each in found} == {"disk"}
    assert await client.exists(*entries) == len(keys)
    assert (await client.info("stats"))["total_connections_received"] < connections + 10


async def test_a_cancelled_caller_cancels_nobody_else(instances: "Instances") -> None:
    work = Work(takes_s=0.2)
    async with instances.open() as cache:
        first = asyncio.create_task(cache.get_or_compute(KEY, work))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(cache.get_or_compute(KEY, work))
        await asyncio.sleep(0.05)
        first.cancel()
        assert (await second).value == "because"
        assert first.cancelled()
    assert work.runs == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_kept(instances: "Instances") -> None:
    work = Work(takes_s=0.05, fails=ValueError("no"))
    async with instances.open() as cache:
        asked = (cache.get_or_compute(KEY, work) for _ in range(10))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(each) for each in answers} == {ValueError}
        assert work.runs == 1
        work.fails = None
        assert (await cache.get_or_compute(KEY, work)).value == "because"


async def test_a_failure_is_repeated_for_a_while_when_asked_for(instances: "Instances") -> None:
    work, policy = Work(fails=ValueError("no")), Policy(failure_ttl_s=0.2)
    async with instances.open() as cache:
        with pytest.raises(ValueError, match="no"):
            await cache.get_or_compute(KEY, work, policy)
        with pytest.raises(CachedFailureError, match="no"):
            await cache.get_or_compute(KEY, work, policy)
        assert work.runs == 1
        await cache.invalidate(KEY)
        work.fails = None
        assert (await cache.get_or_compute(KEY, work, policy)).value == "because"


async def test_a_stale_value_stands_in_for_a_failure_and_says_why(instances: "Instances") -> None:
    policy = Policy(ttl_s=0.05, stale_s=60, failure_ttl_s=0.2)
    work = Work(fails=ValueError("no"))
    async with instances.open() as cache:
        await cache.get_or_compute(KEY, Work("old"), policy)
        await asyncio.sleep(0.06)
        for _ in range(2):
            found = await cache.get_or_compute(KEY, work, policy)
            assert found.value == "old"
            assert found.stale_because == "ValueError('no')"
        assert work.runs == 1
        assert await cache.get(KEY) is None
        await asyncio.sleep(0.2)
        assert (await cache.get_or_compute(KEY, Work("new"), policy)).value == "new"


async def test_a_stale_value_stands_in_for_a_slow_computation(instances: "Instances") -> None:
    policy = Policy(ttl_s=0.1, stale_s=60, soft_timeout_s=0.05, jitter=0)
    released, runs = asyncio.Event(), []

    async def slow() -> str:
        runs.append(1)
        await released.wait()
        return "new"

    async with instances.open() as cache, instances.open("b") as other:
        await cache.get_or_compute(KEY, Work("old"), policy)
        await asyncio.sleep(0.1)
        found = await cache.get_or_compute(KEY, slow, policy)
        assert (found.value, found.stale_because) == (
            "old",
            "computing it takes longer than 0.05 s",
        )
        elsewhere = await other.get_or_compute(KEY, slow, policy)
        assert elsewhere.value == "old"
        released.set()
        found = await cache.get_or_compute(KEY, slow, Policy())
        assert found.value == "new"
    assert len(runs) == 1


async def test_a_stale_value_that_comes_while_it_waits_for_the_lock_stands_in_too(
    instances: "Instances", line: "Line"
) -> None:
    policy = Policy(ttl_s=0.1, stale_s=60, soft_timeout_s=0.0, jitter=0)
    released = asyncio.Event()

    async def slow() -> str:
        await released.wait()
        return "new"

    async with instances.open() as holder, instances.open("b", line.url) as other:
        await holder.get_or_compute(KEY, Work("old"), policy)
        await asyncio.sleep(0.1)
        await holder.get_or_compute(KEY, slow, policy)
        await other.catch_up()
        line.delay_s = 60.0  # the first read gives nothing in time: no stale value is known
        waiting = asyncio.create_task(other.get_or_compute(KEY, slow, policy))
        async with asyncio.timeout(PATIENCE_S):
            while other.stats()["redis"].failures == 0:
                await asyncio.sleep(0)  # so that what is sent next is not late, too
            line.delay_s = 0.0
            found = await waiting
        assert (found.value, found.stale_because) == ("old", "computing it takes longer than 0 s")
        released.set()


async def test_an_invalidated_value_stands_in_for_nothing(instances: "Instances") -> None:
    policy = Policy(ttl_s=0.05, stale_s=60)
    async with instances.open() as cache:
        await cache.get_or_compute(KEY, Work("old"), policy)
        await cache.invalidate(KEY)
        with pytest.raises(ValueError, match="no"):
            await cache.get_or_compute(KEY, Work(fails=ValueError("no")), policy)


async def test_a_value_is_refreshed_in_the_background_before_it_ends(
    instances: "Instances",
) -> None:
    policy = Policy(ttl_s=1, refresh_after=0.1, jitter=0)
    work = Work("new", takes_s=0.05)
    async with instances.open() as cache, instances.open("b") as other:
        await cache.get_or_compute(KEY, Work("old"), policy)
        await asyncio.sleep(0.12)
        asked = [each.get_or_compute(KEY, work, policy) for each in (cache, other) * 20]
        assert {found.value for found in await asyncio.gather(*asked)} == {"old"}
        await asyncio.sleep(0.2)
        found = await cache.get(KEY)
        assert found is not None
        assert found.value == "new"
    assert work.runs == 1


async def test_the_computation_may_decide_how_long_and_by_what_it_is_kept(
    instances: "Instances",
) -> None:
    async with instances.open() as cache:
        await cache.get_or_compute(KEY, Work(Computed("once", ttl_s=0)))
        assert await cache.get(KEY) is None
        await cache.get_or_compute(KEY, Work(Computed("tagged", tags=("paper-7",))))
        found = await cache.get(KEY)
        assert found is not None
        assert found.value == "tagged"
        await cache.invalidate_tag("acme", "paper-7")
        assert await cache.get(KEY) is None


async def test_what_cannot_be_kept_is_still_given_to_the_caller(instances: "Instances") -> None:
    value = {"a": [object()]}
    async with instances.open() as cache:
        found = await cache.get_or_compute(KEY, Work(value))
        assert found.value is value
        with pytest.raises(UncacheableValueError, match=r"value\['a'\]\[0\]"):
            await cache.set(KEY, value)


async def test_a_value_over_every_bound_is_still_given_to_the_caller(
    instances: "Instances",
) -> None:
    async with instances.open() as cache:
        found = await cache.get_or_compute(KEY, Work(b"x" * 17 * 2**20))
        assert len(found.value) == 17 * 2**20
        assert cache.stats()["memory"].fills == 0


async def test_what_is_set_replaces_the_value_of_every_instance(instances: "Instances") -> None:
    async with instances.open("a") as here, instances.open("b") as there:
        for cache in (here, there):
            await cache.get_or_compute(KEY, Work("old"))
        await here.set(KEY, "new")
        await there.catch_up()
        for cache in (here, there):
            found = await cache.get(KEY)
            assert found is not None
            assert found.value == "new"


async def test_tenants_have_nothing_in_common(instances: "Instances") -> None:
    ours, theirs = Key("acme", "answers", "1"), Key("other", "answers", "1")
    async with instances.open() as cache:
        await cache.set(ours, "ours", tags=["shared"])
        await cache.set(theirs, "theirs", tags=["shared"])
        await cache.invalidate_tag("other", "shared")
        await cache.invalidate_pattern("other", "*")
        assert await cache.get(theirs) is None
        found = await cache.get(ours)
        assert found is not None
        assert found.value == "ours"


def asker(instances: "Instances", callers: int, takes_s: float) -> Popen[str]:
    """Start a process whose callers all ask for one key, and wait until it is about to."""
    arguments = [str(ASKER), instances.redis_url, str(instances.folder), str(callers), str(takes_s)]
    child = Popen([sys.executable, *arguments], stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


async def test_10_000_callers_in_four_processes_compute_once(
    instances: "Instances", client: Redis
) -> None:
    children = [asker(instances, 2500, 0.3) for _ in range(4)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [json.loads(child.communicate(timeout=20)[0]) for child in children]
    assert [len(each) for each in answers] == [2500] * 4
    assert len({value for each in answers for value in each}) == 1
    assert int(await client.get("computations") or 0) == 1


async def test_a_killed_holder_delays_the_others_by_its_lease_at_most(
    instances: "Instances", client: Redis
) -> None:
    child = asker(instances, 1, 60)
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    while not await client.get("computations"):
        await asyncio.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    async with instances.open() as cache:
        started = time.monotonic()
        found = await cache.get_or_compute(Key("acme", "asked", "1"), Work("mine"))
        waited = time.monotonic() - started
    assert found.value == "mine"
    assert waited < 1.5
    for stream in (child.stdin, child.stdout):
        assert stream is not None
        stream.close()


async def test_closing_ends_a_computation_that_an_invalidation_overtook_too(
    instances: "Instances",
) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def forever() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    def flights() -> int:
        return sum(task.get_name() == f"cache computes {KEY}" for task in asyncio.all_tasks())

    async with instances.open() as cache:
        callers = [asyncio.create_task(cache.get_or_compute(KEY, forever))]
        await started.wait()
        await cache.invalidate(KEY)
        callers.append(asyncio.create_task(cache.get_or_compute(KEY, forever)))
        while flights() < 2:
            await asyncio.sleep(0)
    assert ended.is_set()
    assert flights() == 0
    await asyncio.wait(callers)
    assert all(caller.cancelled() for caller in callers)
