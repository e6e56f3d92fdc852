"""Endpoints that refuse for a moment fail no call, and a slow one serves where no other does."""

import asyncio
import time

import pytest

from neurocortex.balancing.race import Emit
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.errors import ProviderError
from tests.unit.balancing.endpoint_doubles import Endpoints, broken, provider, taking

ANSWER_S = 0.4

CALLS = 100
"""At once: they tell what is slow for an answer, and add to the budget of retries."""


class Coming:
    """An endpoint that refuses until told to answer."""

    def __init__(self) -> None:
        self.is_out = True
        self.refused = 0

    async def __call__(self, endpoint: LlmEndpoint, emit: Emit) -> str:
        if self.is_out:
            self.refused += 1
            return await broken(endpoint, emit)
        return await taking(ANSWER_S)(endpoint, emit)


async def learn(at: Endpoints, *, count: int) -> None:
    """Have the balancer know what an answer takes."""
    of = provider(count, hedge=True)
    await asyncio.gather(*(at.ask(of) for _ in range(CALLS)))
    at.calls.clear()


def test_calls_wait_for_the_only_endpoint_that_refuses_for_a_moment() -> None:
    at, coming = Endpoints(taking(ANSWER_S)), Coming()

    async def main() -> list[str]:
        await learn(at, count=1)
        at.behaviours[0] = coming
        asked = [asyncio.create_task(at.ask(provider(1, hedge=True))) for _ in range(20)]
        while coming.refused < 2:
            await asyncio.sleep(0.001)
        coming.is_out = False
        return await asyncio.gather(*asked)

    assert asyncio.run(main()) == ["fine"] * 20
    assert coming.refused < 2 + 20, "others wait, and do not find out for themselves"


def test_where_it_stays_out_calls_fail_after_what_an_answer_takes() -> None:
    at = Endpoints(taking(ANSWER_S))

    async def main() -> float:
        await learn(at, count=1)
        at.behaviours[0] = broken
        began = time.monotonic()
        with pytest.raises(ProviderError, match="broken"):
            await at.ask(provider(1, hedge=True))
        return time.monotonic() - began

    assert ANSWER_S / 2 < asyncio.run(main()) < 10 * ANSWER_S


def test_an_answer_comes_from_one_that_flaps_beside_one_dead_and_one_slow() -> None:
    at, coming = Endpoints(*[taking(ANSWER_S)] * 3), Coming()
    of = provider(3, hedge=True)

    async def main() -> list[str]:
        await learn(at, count=3)
        coming.is_out = False
        at.behaviours = {0: broken, 1: taking(20 * ANSWER_S), 2: coming}
        for _ in range(4):  # until it is known who is dead and who is slow
            await asyncio.gather(*(at.ask(of) for _ in range(6)))
        at.calls.clear()
        coming.is_out = True
        asked = [asyncio.create_task(at.ask(of)) for _ in range(10)]
        while not coming.refused:
            await asyncio.sleep(0.001)
        coming.is_out = False
        return await asyncio.gather(*asked)

    assert asyncio.run(main()) == ["fine"] * 10
    assert at.calls[1] <= 2, "what is back in a moment is waited for"


def test_a_slow_one_serves_while_all_others_fail() -> None:
    at = Endpoints(*[taking(0.02)] * 2)
    of = provider(2, hedge=True)

    async def main() -> None:
        await learn(at, count=2)
        at.behaviours[1] = taking(0.5)
        await asyncio.gather(*(at.ask(of) for _ in range(12)))
        at.calls.clear()
        assert await at.ask(of) == "fine"
        assert at.calls == {0: 1}, "it is left out"
        at.behaviours[0] = broken
        for _ in range(5):
            assert await at.ask(of) == "fine"
        assert at.calls[1] >= 5

    asyncio.run(main())
