"""What is streamed comes from one endpoint; who is slow to begin has a rival."""

import asyncio

import pytest

from neurocortex.errors import ProviderRefusedError
from tests.unit.balancing.endpoint_doubles import Endpoints, cut, fine, hanging, provider, taking


def test_a_stream_fails_over_before_its_first_piece_only() -> None:
    at = Endpoints(cut, cut)
    pieces: list[str] = []

    async def emit(piece: str) -> None:
        pieces.append(piece)

    with pytest.raises(ProviderRefusedError, match="the answer broke off: cut"):
        asyncio.run(at.ask(provider(2), emit))
    assert pieces == ["half "]
    assert at.calls.total() == 1


def test_an_answer_that_nobody_has_read_yet_is_begun_anew_elsewhere() -> None:
    at = Endpoints(cut, fine)

    async def main() -> None:
        for _ in range(4):
            assert await at.ask(provider(2)) == "fine"

    asyncio.run(main())
    assert at.calls[0] == 2


def test_a_slow_call_is_hedged_and_the_faster_answer_is_streamed_alone() -> None:
    at = Endpoints(fine, fine)
    pieces: list[str] = []

    async def emit(piece: str) -> None:
        pieces.append(piece)

    async def main() -> None:
        both = provider(2, hedge=True)
        for _ in range(30):
            await at.ask(both)
        at.behaviours[0] = hanging
        for _ in range(2):
            assert await at.ask(both, emit) == "fine"

    asyncio.run(main())
    assert pieces == ["fine", "fine"]
    assert set(at.cancelled) == {0}


def test_nothing_is_hedged_where_it_is_not_allowed() -> None:
    at = Endpoints(taking(0.001), taking(0.001))

    async def main() -> None:
        for _ in range(30):
            await at.ask(provider(2))
        at.behaviours = {0: taking(0.1), 1: taking(0.1)}
        await at.ask(provider(2))

    asyncio.run(main())
    assert at.calls.total() == 31


def test_an_endpoint_that_is_always_slower_is_left_out() -> None:
    at = Endpoints(taking(0.002), taking(0.002))

    async def main() -> None:
        both = provider(2, hedge=True)
        for _ in range(30):
            await at.ask(both)
        at.behaviours[0] = hanging
        at.calls.clear()
        for _ in range(30):
            await at.ask(both)

    asyncio.run(main())
    assert at.calls[0] <= 6  # 3, and hedges of the other one's slow calls


def test_a_hedge_that_lost_before_it_began_gives_its_place_back() -> None:
    at = Endpoints(taking(0.002), taking(0.002), max_wait_s=0)

    async def main() -> None:
        both = provider(2, hedge=True, most=2)
        for _ in range(200):  # most are hedged when the first one begins
            assert await at.ask(both) == "fine"

    asyncio.run(main())
