"""A task with a cache policy is run once for a tenant, and again once its collection changed."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import task
from prefect.cache_policies import INPUTS
from pydantic import BaseModel

from neurocortex.cache.cache import opened
from neurocortex.errors import RemoteError
from neurocortex.requests.registry import Registry
from neurocortex.requests.steps import Steps
from neurocortex.settings import CacheSettings
from tasks.caching import cached
from tests.integration.realtime.harness import Answered, Asked, bench, pipeline, until

SMALL = CacheSettings(memory_mb=8, redis_mb=8, disk_mb=8)


class Shouted(BaseModel):
    """A result that is more than plain JSON values."""

    text: str


calls: list[str] = []


@task(cache_policy=INPUTS, cache_expiration=timedelta(hours=1))
async def shout(text: str) -> list[Shouted]:
    """Return a text in capitals."""
    calls.append(text)
    return [Shouted(text=text.upper())]


@task(**cached(timedelta(hours=1), "collection:{collection}"))
def shout_in(collection: str, text: str) -> Shouted:
    """Return a text in capitals, as a collection has it."""
    calls.append(f"{collection}/{text}")
    return Shouted(text=text.upper())


def test_a_result_is_kept_for_its_tenant_alone(redis_url: str, tmp_path: Path) -> None:
    async def serve(request: Asked, steps: Steps) -> Answered:
        (found,) = await steps.run(shout, request.text)
        assert type(found) is Shouted
        return Answered(text=found.text)

    async def main() -> None:
        async with (
            bench(redis_url) as at,
            opened(SMALL, at.redis, tmp_path / "entries.sqlite") as cache,
            at.lane(serve, cache=cache),
        ):
            together = await asyncio.gather(*(at.ask("a") for _ in range(8)))
            assert together == ["A"] * 8
            assert calls == ["a"]
            assert await at.ask("a", tenant="other") == "A"
            assert calls == ["a", "a"]

    calls.clear()
    asyncio.run(main())


def test_a_request_that_changes_a_collection_ends_what_came_from_it(
    redis_url: str, tmp_path: Path
) -> None:
    async def serve(request: Asked, steps: Steps) -> Answered:
        if request.text == "change":
            return Answered(text="changed")
        found = await steps.run(shout_in, "papers", request.text)
        return Answered(text=found.text)

    def outdated(request: Asked) -> tuple[str, ...]:
        return ("collection:papers",) if request.text == "change" else ()

    async def main() -> None:
        async with (
            bench(redis_url) as at,
            opened(SMALL, at.redis, tmp_path / "entries.sqlite") as cache,
            at.lane(Registry([pipeline(serve, outdates=outdated)]), cache=cache),
        ):
            assert await at.ask("a") == "A"
            assert await at.ask("a") == "A"
            assert calls == ["papers/a"]
            await at.ask("change")
            assert await at.ask("a") == "A"
            assert calls == ["papers/a", "papers/a"]

    calls.clear()
    asyncio.run(main())


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_change_that_nobody_waits_for_any_more_ends_what_is_stale(
    redis_url: str, tmp_path: Path, is_cancelled: bool
) -> None:
    begun, may_commit = threading.Event(), threading.Event()

    @task
    def commit() -> None:
        begun.set()
        may_commit.wait(10)

    async def serve(request: Asked, steps: Steps) -> Answered:
        if request.text == "change":
            await steps.run(commit)
            return Answered(text="changed")
        found = await steps.run(shout_in, "papers", request.text)
        return Answered(text=found.text)

    def outdated(request: Asked) -> tuple[str, ...]:
        return ("collection:papers",) if request.text == "change" else ()

    async def main() -> None:
        async with (
            bench(redis_url) as at,
            opened(SMALL, at.redis, tmp_path / "entries.sqlite") as cache,
            at.lane(Registry([pipeline(serve, outdates=outdated)]), cache=cache, timeout_s=1) as it,
        ):
            await at.ask("a")
            changing = asyncio.create_task(at.ask("change"))
            assert await asyncio.to_thread(begun.wait, 10)
            if is_cancelled:
                changing.cancel()
            with pytest.raises(asyncio.CancelledError if is_cancelled else RemoteError):
                await changing

            async def let_go() -> bool:
                return it.in_flight == 0

            await until(let_go)
            await at.ask("a")
            assert calls == ["papers/a"]
            may_commit.set()

            async def computed_again() -> bool:
                await at.ask("a")
                return calls == ["papers/a", "papers/a"]

            await until(computed_again)

    calls.clear()
    asyncio.run(main())


def test_one_bad_item_fails_its_own_request_only(redis_url: str) -> None:
    @task
    def double(texts: list[str]) -> list[str]:
        if "bad" in texts:
            raise ValueError("a bad text")
        return [text + text for text in texts]

    async def serve(request: Asked, steps: Steps) -> Answered:
        return Answered(text=await steps.batched(double, request.text))

    async def main() -> None:
        async with bench(redis_url) as at, at.lane(serve):
            texts = ["a", "b", "bad", "c"]
            found = await asyncio.gather(*map(at.ask, texts), return_exceptions=True)
            assert [each if isinstance(each, str) else "failed" for each in found] == [
                "aa",
                "bb",
                "failed",
                "cc",
            ]

    asyncio.run(main())
