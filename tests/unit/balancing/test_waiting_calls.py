"""Calls wait for room and for pauses, so long and so many."""

import asyncio

import pytest

from neurocortex.balancing.race import Emit
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.errors import ProviderBusyError, ProviderQueueFullError
from tests.unit.balancing.endpoint_doubles import Endpoints, busy, fine, hanging, provider


def test_retry_after_is_respected() -> None:
    at = Endpoints(busy(60), fine)

    async def main() -> None:
        for _ in range(20):
            await at.ask(provider(2))

    asyncio.run(main())
    assert at.calls == {0: 1, 1: 20}


def test_a_short_pause_of_the_only_endpoint_is_waited_for() -> None:
    at = Endpoints(busy(0.1))

    async def main() -> float:
        asked = asyncio.create_task(at.ask(provider(1)))
        while not at.calls:
            await asyncio.sleep(0.001)
        began = asyncio.get_running_loop().time()
        at.behaviours[0] = fine
        await asked
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(main()) >= 0.09
    assert at.calls == {0: 2}


def test_a_long_pause_is_told_instead() -> None:
    at = Endpoints(busy(60))

    async def main() -> None:
        for _ in range(2):
            with pytest.raises(ProviderBusyError, match="in 60 s") as raised:
                await at.ask(provider(1))
            assert raised.value.retry_after_s == pytest.approx(60, abs=1)

    asyncio.run(main())
    assert at.calls == {0: 1}


def test_no_endpoint_gets_more_at_once_than_it_may() -> None:
    running = most = 0

    async def counted(_: LlmEndpoint, __: Emit) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return "fine"

    at = Endpoints(counted)

    async def main() -> None:
        of = provider(1, most=2)
        await asyncio.gather(*(at.ask(of) for _ in range(6)))

    asyncio.run(main())
    assert most == 2
    assert at.calls == {0: 6}


def test_a_full_queue_refuses_and_waiting_has_an_end() -> None:
    at = Endpoints(hanging, max_waiting=1, max_wait_s=0.3)

    async def main() -> None:
        of = provider(1, most=1)
        holding = asyncio.create_task(at.ask(of))
        while not at.calls:
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task(at.ask(of))
        await asyncio.sleep(0.05)
        with pytest.raises(ProviderQueueFullError, match="1 calls wait"):
            await at.ask(of)
        with pytest.raises(ProviderBusyError):
            await waiting
        holding.cancel()
        await asyncio.wait([holding])
        at.behaviours[0] = fine
        assert await at.ask(of) == "fine", "what was cancelled holds no place"

    asyncio.run(main())


def test_a_cancelled_call_cancels_its_attempts() -> None:
    at = Endpoints(hanging, hanging)

    async def main() -> None:
        asked = asyncio.create_task(at.ask(provider(2)))
        while not at.calls:
            await asyncio.sleep(0.001)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(main())
    assert at.calls.total() == at.cancelled.total() == 1
