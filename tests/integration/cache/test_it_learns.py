"""What the cache learns from use: what to bring up, and how long to keep what was dear."""

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key
from neurocortex.cache.values import Policy
from neurocortex.settings import CacheSettings

if TYPE_CHECKING:
    from tests.integration.cache.conftest import Instances

pytestmark = pytest.mark.anyio

PARTS = [Key("acme", "parts", str(number)) for number in range(3)]
FORGETS_S = 1.0
PATIENCE_S = 5.0


def settings(**chosen: bool) -> CacheSettings:
    return CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16, memory_ttl_s=FORGETS_S, **chosen)


async def levels(cache: Cache) -> list[str]:
    """Read all parts in order; return the level that each was on."""
    found = [await cache.get(key) for key in PARTS]
    return [each.level if each else "" for each in found]


@pytest.mark.parametrize(("prefetch", "expected"), [(True, "memory"), (False, "redis")])
async def test_what_usually_follows_is_in_the_memory_before_it_is_asked_for(
    instances: "Instances", prefetch: bool, expected: str
) -> None:
    async with (
        instances.open("a") as writer,
        instances.open("b", settings=settings(prefetch=prefetch)) as reader,
    ):
        for key in PARTS:
            await writer.set(key, key.digest)
        for _ in range(2):
            assert await levels(reader) == ["redis"] * 3
            await asyncio.sleep(FORGETS_S)
        fills = reader.stats()["memory"].fills
        first = await reader.get(PARTS[0])
        assert first is not None
        assert first.level == "redis"
        deadline = time.monotonic() + PATIENCE_S
        while prefetch and reader.stats()["memory"].fills < fills + 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)
        second = await reader.get(PARTS[1])
        assert second is not None
        assert (second.value, second.level) == ("1", expected)


async def test_what_was_brought_up_ends_with_its_invalidation(instances: "Instances") -> None:
    async with (
        instances.open("a") as writer,
        instances.open("b", settings=settings(prefetch=True)) as reader,
    ):
        for key in PARTS:
            await writer.set(key, "old")
        for _ in range(2):
            await levels(reader)
            await asyncio.sleep(FORGETS_S)
        await reader.get(PARTS[0])
        await writer.set(PARTS[1], "new")
        await reader.catch_up()
        found = await reader.get(PARTS[1])
        assert found is not None
        assert found.value == "new"


@pytest.mark.parametrize("adaptive", [True, False])
async def test_a_result_that_was_dear_to_compute_lives_longer(
    instances: "Instances", monkeypatch: pytest.MonkeyPatch, adaptive: bool
) -> None:
    # A computation of 0.1 s counts as one of 10,000 s: no test has so long.
    monkeypatch.setattr("neurocortex.cache.lifetimes.TYPICAL_S", 1e-5)
    policy = Policy(ttl_s=0.05, longest_ttl_s=60, jitter=0)

    async def compute() -> str:
        await asyncio.sleep(0.1)
        return "dear"

    async with instances.open(settings=settings(adaptive_ttl=adaptive)) as cache:
        await cache.get_or_compute(PARTS[0], compute, policy)
        await asyncio.sleep(0.06)
        assert (await cache.get(PARTS[0]) is not None) is adaptive
