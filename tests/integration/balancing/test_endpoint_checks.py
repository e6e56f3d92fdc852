"""Endpoints are asked whether they live, each by one process at a time."""

import asyncio

import httpx
from pydantic import SecretStr

from neurocortex.balancing.checks import Checks, check_for_ever, complaint
from neurocortex.balancing.health import Standing
from neurocortex.balancing.redis_states import RedisStates, opened
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.settings import BalancingSettings
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer

NOBODY = LlmEndpoint(base_url="http://127.0.0.1:9/v1", model="scripted")

SOON = BalancingSettings(check_every_s=0.01, check_timeout_s=2)


async def standing(states: RedisStates, endpoint: LlmEndpoint) -> Standing:
    look = await states.look([endpoint.name])
    return look.states[endpoint.name].health.standing(look.now)


def test_one_that_is_gone_is_left_out_after_three_checks_and_back_after_one(redis_url: str) -> None:
    async def main(first: OpenAIServer, second: OpenAIServer) -> None:
        both = LlmProvider(
            endpoints=tuple(
                LlmEndpoint(base_url=each.base_url, model="m") for each in (first, second)
            )
        )
        one = both.endpoints[0]
        async with httpx.AsyncClient() as web, opened(redis_url) as states:
            checks = Checks(web, states, SOON)

            async def checked() -> Standing:
                await checks.round([both])
                await asyncio.sleep(0.01)  # a claim is of one round
                return await standing(states, one)

            assert await checked() is Standing.IN
            first.health = Failure(503)
            assert [await checked() for _ in range(3)] == [Standing.IN, Standing.IN, Standing.OUT]
            first.health = None
            assert await checked() is Standing.DUE

    with OpenAIServer(lambda _: "") as first, OpenAIServer(lambda _: "") as second:
        asyncio.run(main(first, second))


def test_checks_never_leave_out_the_last_one(redis_url: str) -> None:
    async def main() -> None:
        alone = LlmProvider(endpoints=(NOBODY,))
        async with httpx.AsyncClient() as web, opened(redis_url) as states:
            checks = Checks(web, states, SOON)
            for _ in range(5):
                await checks.round([alone])
                await asyncio.sleep(0.01)
            look = await states.look([NOBODY.name])
            health = look.states[NOBODY.name].health
        assert health.failed_checks == 3
        assert health.standing(look.now) is Standing.IN

    asyncio.run(main())


def test_of_two_processes_one_checks(redis_url: str) -> None:
    async def main() -> None:
        alone = LlmProvider(endpoints=(NOBODY,))
        chosen = BalancingSettings(check_every_s=60)
        async with httpx.AsyncClient() as web, opened(redis_url) as states:
            for _ in range(2):
                await Checks(web, states, chosen).round([alone])
            look = await states.look([NOBODY.name])
        assert look.states[NOBODY.name].health.failed_checks == 1

    asyncio.run(main())


def test_what_is_wrong_is_told_in_a_few_words() -> None:
    async def main(server: OpenAIServer) -> None:
        endpoint = LlmEndpoint(base_url=server.base_url, model="m")
        async with httpx.AsyncClient() as web:
            assert await complaint(web, endpoint, 2) == "it refuses the API key"
            server.health = Failure(404)
            right = endpoint.model_copy(update={"api_key": SecretStr("right")})
            assert await complaint(web, right, 2) is None, "not each endpoint lists its models"
            assert "connection" in (await complaint(web, NOBODY, 2) or "").lower()

    with OpenAIServer(lambda _: "", api_key="right") as server:
        asyncio.run(main(server))


def test_checks_wait_for_a_redis_that_is_away() -> None:
    async def main() -> None:
        rounds: asyncio.Queue[int] = asyncio.Queue()

        async def providers() -> dict[str, LlmProvider]:
            rounds.put_nowait(1)
            return {"default": LlmProvider(endpoints=(NOBODY,))}

        checking = asyncio.create_task(check_for_ever("redis://127.0.0.1:9/0", SOON, providers))
        async with asyncio.timeout(30):
            for _ in range(3):
                await rounds.get()
        assert not checking.done()
        checking.cancel()
        await asyncio.wait([checking])

    asyncio.run(main())
