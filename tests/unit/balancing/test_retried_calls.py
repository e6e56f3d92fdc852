"""A call finds an endpoint that answers, within the budget of retries."""

import asyncio

import pytest

from neurocortex.balancing.race import Emit
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.errors import ProviderError, ProviderRefusedError
from tests.unit.balancing.endpoint_doubles import (
    Endpoints,
    broken,
    dead,
    fine,
    hanging,
    provider,
    refusing,
)


def test_calls_are_spread_evenly() -> None:
    at = Endpoints(fine, fine, fine)

    async def main() -> None:
        for _ in range(30):
            await at.ask(provider(3))

    asyncio.run(main())
    assert at.calls == {0: 10, 1: 10, 2: 10}


def test_a_failing_endpoint_fails_no_call_and_is_left_out() -> None:
    at = Endpoints(broken, fine)

    async def main() -> None:
        for _ in range(40):
            assert await at.ask(provider(2)) == "fine"

    asyncio.run(main())
    assert at.calls == {0: 3, 1: 40}


def test_it_is_probed_when_its_time_is_over_and_let_in() -> None:
    at = Endpoints(broken, fine, ejection_s=0.05)

    async def main() -> None:
        for _ in range(10):
            await at.ask(provider(2))
        at.behaviours[0] = fine
        await asyncio.sleep(0.06)
        for _ in range(20):
            await at.ask(provider(2))

    asyncio.run(main())
    assert at.calls[0] >= 3 + 10


def test_where_all_are_down_each_is_tried_once_and_the_last_error_is_told() -> None:
    at = Endpoints(broken, broken, broken)
    with pytest.raises(ProviderError, match="broken"):
        asyncio.run(at.ask(provider(3)))
    assert at.calls == {0: 1, 1: 1, 2: 1}


def test_a_single_endpoint_is_called_once_a_call_and_never_left_out() -> None:
    at = Endpoints(broken)

    async def main() -> None:
        for _ in range(10):
            with pytest.raises(ProviderError, match="broken"):
                await at.ask(provider(1))

    asyncio.run(main())
    assert at.calls == {0: 10}


def test_the_budget_ends_retries() -> None:
    at = Endpoints(broken, broken, broken)

    async def main() -> None:
        for _ in range(100):
            with pytest.raises(ProviderError):
                await at.ask(provider(3))

    asyncio.run(main())
    # 10 in reserve, a fifth of a hundred calls, and what a second adds.
    assert at.calls.total() <= 100 + 10 + 20 + 2


def test_calls_that_reached_nobody_need_no_budget() -> None:
    at, of = Endpoints(dead, fine), provider(2)

    async def main() -> list[str]:
        return await asyncio.gather(*(at.ask(of) for _ in range(100)))

    assert asyncio.run(main()) == ["fine"] * 100
    assert at.calls[0] > 10 + 20, "more than the budget has"


def test_where_nothing_is_to_be_tried_again_they_are_not_either() -> None:
    at = Endpoints(dead, dead, retry_share=0)
    with pytest.raises(ProviderError, match="dead"):
        asyncio.run(at.ask(provider(2)))
    assert at.calls.total() == 1


def test_what_every_endpoint_would_refuse_is_told_at_once() -> None:
    at = Endpoints(refusing(400), refusing(400))
    with pytest.raises(ProviderRefusedError):
        asyncio.run(at.ask(provider(2)))
    assert at.calls.total() == 1


def test_a_wrong_key_at_one_endpoint_fails_no_call() -> None:
    at = Endpoints(refusing(401), fine)

    async def main() -> None:
        for _ in range(20):
            await at.ask(provider(2))

    asyncio.run(main())
    assert at.calls == {0: 3, 1: 20}


def test_a_hanging_endpoint_is_given_up_for_another_one() -> None:
    at = Endpoints(hanging, fine, first_token_s=0.05)

    async def main() -> None:
        for _ in range(20):
            assert await at.ask(provider(2)) == "fine"

    asyncio.run(main())
    assert at.calls == {0: 3, 1: 20}
    assert at.cancelled == {0: 3}


def test_half_of_the_time_is_left_for_another_endpoint() -> None:
    at = Endpoints(hanging, fine)
    for _ in range(2):  # either may be first
        assert asyncio.run(at.ask(provider(2), deadline_s=0.2)) == "fine"


def test_an_error_of_the_caller_is_no_fault_of_an_endpoint() -> None:
    async def wrong(_: LlmEndpoint, __: Emit) -> str:
        raise ValueError("ours")

    at = Endpoints(wrong, wrong)
    with pytest.raises(ValueError, match="ours"):
        asyncio.run(at.ask(provider(2)))
    assert at.calls.total() == 1
