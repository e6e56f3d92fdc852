"""Whatever happens in whatever order to two instances, one of which is cut off now and then: what
is read is never older than the last invalidation that the reader could know of."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from neurocortex.cache.cache import Cache
from neurocortex.cache.keys import Key
from neurocortex.errors import CacheUnavailableError
from tests.integration.cache.conftest import Instances, Line

if TYPE_CHECKING:
    from neurocortex.cache.values import Announced

T = TypeVar("T")

KEYS = [Key("acme", "answers", str(number)) for number in range(2)]
NEAR, FAR = 0, 1
PAUSE_S = 0.02
PATIENCE_S = 5.0

keys = st.sampled_from(KEYS)
places = st.sampled_from([NEAR, FAR])


class Cluster(RuleBasedStateMachine):
    """Two instances, the truth about each key, and what each instance must know of it."""

    folder: Path
    redis_url: str

    def __init__(self) -> None:
        super().__init__()
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.truth = dict.fromkeys(KEYS, 0)
        self.told = dict.fromkeys(KEYS, 0)
        """As of the last invalidation that reached Redis."""
        self.known: list[dict[Key, int]] = [dict.fromkeys(KEYS, 0) for _ in (NEAR, FAR)]
        """As of the last that an instance knows of."""
        self.unsent: dict[Key, int] = {}
        self.caches = self.run(self.open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def open(self) -> list[Cache]:
        self.line = Line(self.redis_url)
        await self.line.lay()
        instances = Instances(self.folder, self.redis_url)
        return [
            await self.opened.enter_async_context(instances.open(f"{id(self)} {name}", url))
            for name, url in (("near", self.redis_url), ("far", self.line.url))
        ]

    def teardown(self) -> None:
        async def close() -> None:
            await self.opened.aclose()
            await self.line.remove()

        self.run(close())
        self.runner.close()

    @rule(key=keys)
    def the_source_changes(self, key: Key) -> None:
        self.truth[key] += 1

    @rule(key=keys, at=places, how=st.sampled_from(["key", "tag", "pattern"]))
    def it_is_invalidated(self, key: Key, at: int, how: str) -> None:
        cache = self.caches[at]
        order: dict[str, Coroutine[Any, Any, Announced]] = {
            "key": cache.invalidate(key),
            "tag": cache.invalidate_tag("acme", key.digest),
            "pattern": cache.invalidate_pattern("acme", f"*:{key.digest}"),
        }
        chosen = order.pop(how)
        for other in order.values():
            other.close()
        announced = self.run(chosen)
        assert announced.delivered or at == FAR
        self.known[at][key] = self.truth[key]
        if announced.delivered:
            self.told[key] = self.truth[key]
        else:
            self.unsent[key] = self.truth[key]

    @rule(key=keys, at=places)
    def it_is_read(self, key: Key, at: int) -> None:
        try:
            self.run(self.caches[at].catch_up())
        except CacheUnavailableError:
            assert at == FAR
        else:
            if at == FAR:
                for each, value in self.unsent.items():
                    self.told[each] = max(self.told[each], value)
                self.unsent.clear()
            for each, value in self.told.items():
                self.known[at][each] = max(self.known[at][each], value)
        found = self.run(self.caches[at].get_or_compute(key, self.reader(key), tags=[key.digest]))
        assert self.known[at][key] <= found.value <= self.truth[key]

    @precondition(lambda self: not self.line.is_cut)
    @rule()
    def the_line_is_cut(self) -> None:
        self.line.cut()
        self.run(asyncio.sleep(0.01))

    @precondition(lambda self: self.line.is_cut)
    @rule()
    def the_line_is_mended(self) -> None:
        self.line.mend()

    @precondition(lambda self: not self.line.is_cut)
    @rule()
    def the_far_one_is_in_step_again(self) -> None:
        self.run(self.come_back())

    async def come_back(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                # Each connection that was cut shows it once.
                with suppress(CacheUnavailableError):
                    await self.caches[FAR].catch_up()
                    return
                await asyncio.sleep(PAUSE_S)

    def reader(self, key: Key) -> Any:
        async def read() -> int:
            return self.truth[key]

        return read


def test_nothing_is_read_that_is_older_than_known(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was cut off is tried again at once: a test has no second to wait.
    monkeypatch.setattr("neurocortex.cache.breaker.PAUSE_S", PAUSE_S)

    class OnRedis(Cluster):
        folder = tmp_path

    OnRedis.redis_url = redis_url
    run_state_machine_as_test(
        OnRedis,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
