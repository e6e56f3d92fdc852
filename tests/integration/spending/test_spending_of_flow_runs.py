"""What a flow run's calls of LLMs took, as whoever records its end is told."""

import asyncio
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from neurocortex.domain.chat import ChatMessage
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.domain.usage import Usage
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import LedgerUnavailableError
from neurocortex.settings import settings
from neurocortex.spending.runs import RunSpending, note
from neurocortex.testing.openai_server import OpenAIServer
from tasks.llm import RUN, converse
from tests.integration.conftest import MortalRedis


async def spent(url: str, run: UUID) -> Usage | None:
    async with Redis.from_url(url) as redis:
        return await RunSpending(redis).of(run)


def test_the_calls_of_a_run_add_up_and_of_one_without_calls_nothing_is_known(
    redis_url: str,
) -> None:
    run, call = uuid4(), Usage(calls=1, prompt_tokens=10, completion_tokens=2, cost=0.25)
    note(redis_url, run, call)
    note(redis_url, run, call)
    assert asyncio.run(spent(redis_url, run)) == call + call
    assert asyncio.run(spent(redis_url, uuid4())) is None


def test_a_call_of_an_llm_is_charged_to_the_flow_run_of_its_process_and_to_none_elsewhere(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    settings.cache_clear()
    run, message = uuid4(), ChatMessage(role="user", content="How many tiers are there?")
    with OpenAIServer(lambda _: "Four tiers.") as server:
        endpoint = LlmEndpoint(
            base_url=server.base_url, model=server.model, completion_price=1_000_000
        )

        async def answered() -> None:
            try:
                await converse([message], LlmProvider(endpoints=(endpoint,)))
            finally:
                await close_clients()

        def ask() -> None:
            asyncio.run(answered())

        ask()
        assert asyncio.run(spent(redis_url, run)) is None
        monkeypatch.setenv(RUN, str(run))
        ask()
    found = asyncio.run(spent(redis_url, run))
    assert found is not None
    assert (found.calls, found.cost) == (1, found.completion_tokens)
    assert found.cost > 0


def test_without_redis_the_run_hears_of_it_and_its_end_is_recorded_all_the_same(
    mortal_redis: MortalRedis,
) -> None:
    url = mortal_redis.url
    mortal_redis.kill()
    with pytest.raises(LedgerUnavailableError, match="what runs spend"):
        note(url, uuid4(), Usage(calls=1))
    assert asyncio.run(spent(url, uuid4())) is None
