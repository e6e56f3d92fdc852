"""A neighbour that fails is left alone for a while, then tried once."""

import asyncio

import pytest

from neurocortex.cache.breaker import FAILURES, PAUSE_S, Breaker, BreakerOpenError
from neurocortex.errors import CacheUnavailableError


class Neighbour:
    def __init__(self) -> None:
        self.works = False
        self.slow = False
        self.late = asyncio.Event()
        self.calls = 0
        self.now = 0.0
        self.breaker = Breaker("neighbour", 0.02, lambda: self.now)

    async def answer(self) -> str:
        self.calls += 1
        await asyncio.sleep(0)
        if self.slow:
            await self.late.wait()
        if not self.works:
            raise CacheUnavailableError("neighbour", "gone")
        return "here"

    async def ask(self) -> str:
        return await self.breaker.call(self.answer)

    async def fail(self) -> None:
        for _ in range(FAILURES):
            with pytest.raises(CacheUnavailableError):
                await self.ask()


def test_after_failures_in_a_row_nothing_is_called() -> None:
    async def story() -> None:
        neighbour = Neighbour()
        await neighbour.fail()
        with pytest.raises(BreakerOpenError):
            await neighbour.ask()
        assert neighbour.calls == FAILURES

    asyncio.run(story())


def test_after_the_pause_one_call_tries_and_success_closes_it() -> None:
    async def story() -> None:
        neighbour = Neighbour()
        await neighbour.fail()
        neighbour.now += PAUSE_S
        with pytest.raises(CacheUnavailableError, match="gone"):
            await neighbour.ask()
        with pytest.raises(BreakerOpenError):
            await neighbour.ask()
        neighbour.now += PAUSE_S
        neighbour.works = True
        assert await neighbour.ask() == "here"
        assert not neighbour.breaker.is_open

    asyncio.run(story())


def test_a_slow_call_is_given_up_and_counts_as_a_failure() -> None:
    async def story() -> None:
        neighbour = Neighbour()
        neighbour.slow = True
        await neighbour.fail()
        assert neighbour.breaker.is_open
        neighbour.late.set()
        await neighbour.breaker.close()

    asyncio.run(story())


def test_while_one_call_tries_the_others_are_refused() -> None:
    async def story() -> None:
        neighbour = Neighbour()
        await neighbour.fail()
        neighbour.now += PAUSE_S
        neighbour.works = True
        answers = await asyncio.gather(*(neighbour.ask() for _ in range(5)), return_exceptions=True)
        assert [each for each in answers if each == "here"] == ["here"]
        assert neighbour.calls == FAILURES + 1

    asyncio.run(story())


def test_a_cancelled_try_leaves_the_next_one_free() -> None:
    async def story() -> None:
        neighbour = Neighbour()
        await neighbour.fail()
        neighbour.now += PAUSE_S
        neighbour.slow = True
        trial = asyncio.create_task(neighbour.ask())
        await asyncio.sleep(0)
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        assert not neighbour.breaker.is_open
        neighbour.late.set()
        await neighbour.breaker.close()

    asyncio.run(story())
