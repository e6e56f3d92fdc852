"""What endpoints do wrong, over the real protocol: no call fails for it that another can serve."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from neurocortex.balancing.checks import Checks
from neurocortex.balancing.health import Standing
from neurocortex.balancing.redis_states import opened
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import ProviderError, ProviderRefusedError
from neurocortex.settings import settings
from neurocortex.spending.meter import Meter, metered
from neurocortex.testing.openai_replies import (
    Answering,
    CutStream,
    Failure,
    Hang,
    Raw,
    Reply,
    Slow,
    script,
)
from neurocortex.testing.openai_server import OpenAIServer
from tasks.llm import Emit, converse

ASKED = [ChatMessage(role="user", content="How many tiers are there?")]
FINE = "There are four."


@pytest.fixture(autouse=True)
def _platform(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    monkeypatch.setenv("NEUROCORTEX_BALANCING__FIRST_TOKEN_S", "0.6")
    settings.cache_clear()
    yield
    settings.cache_clear()


def always(reply: Reply) -> Answering:
    return lambda _: reply


class Served:
    """Endpoints of one model, and calls of them."""

    def __init__(self, servers: Sequence[OpenAIServer], *, hedge: bool) -> None:
        self.servers = servers
        self.provider = LlmProvider(
            endpoints=tuple(
                LlmEndpoint(
                    base_url=each.base_url,
                    model=each.model,
                    api_key=SecretStr("right"),
                    timeout_s=5,
                    prompt_price=1e6,
                )
                for each in servers
            ),
            hedge=hedge,
        )

    async def ask(self, emit: Emit | None = None) -> Completion:
        return await converse(ASKED, self.provider, emit=emit)

    @property
    def asked(self) -> list[int]:
        return [len(each.prompts) for each in self.servers]


@asynccontextmanager
async def served(*replies: Answering, hedge: bool = False) -> AsyncIterator[Served]:
    with ExitStack() as stack:
        servers = [stack.enter_context(OpenAIServer(each)) for each in replies]
        try:
            yield Served(servers, hedge=hedge)
        finally:
            await close_clients()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Hang(), id="hangs"),
        pytest.param(Failure(500), id="500"),
        pytest.param(Failure(429), id="429"),
        pytest.param(Failure(401), id="wrong-key"),
        pytest.param(Raw(b"{nonsense"), id="no-json"),
        pytest.param(Raw(b"data: {nonsense\n\n"), id="no-json-in-a-stream"),
        pytest.param(CutStream(FINE, words=0), id="cut-before-the-first-word"),
        pytest.param(CutStream(FINE, words=1), id="cut-after-it"),
    ],
)
def test_no_call_fails_for_an_endpoint_that(wrong: Reply) -> None:
    async def main() -> None:
        async with served(always(wrong), always(FINE)) as at:
            for _ in range(12):
                assert (await at.ask()).text == FINE
            assert at.asked == [3, 12]

    asyncio.run(main())


def test_an_endpoint_that_dies_under_load_fails_no_call() -> None:
    async def main() -> None:
        async with served(always(Slow(FINE, before_s=0.05)), always(FINE)) as at:
            asking = [asyncio.create_task(at.ask()) for _ in range(10)]
            while not at.servers[0].prompts:
                await asyncio.sleep(0.001)
            await asyncio.to_thread(at.servers[0].kill)
            asking += [asyncio.create_task(at.ask()) for _ in range(10)]
            assert {each.text for each in await asyncio.gather(*asking)} == {FINE}

    asyncio.run(main())


def test_a_pause_that_was_asked_for_is_kept() -> None:
    async def main() -> None:
        async with served(script(Failure(429, retry_after_s=30), FINE), always(FINE)) as at:
            for _ in range(10):
                await at.ask()
            assert at.asked == [1, 10]

    asyncio.run(main())


def test_one_that_lies_about_its_health_stays_out() -> None:
    async def main() -> None:
        async with served(always(Failure(500)), always(FINE)) as at:
            for _ in range(6):
                await at.ask()
            chosen, name = settings(), at.provider.endpoints[0].name
            assert chosen.redis_url is not None
            async with httpx.AsyncClient() as web, opened(chosen.redis_url.get_secret_value()) as s:
                await Checks(web, s, chosen.balancing).round([at.provider])
                look = await s.look([name])
            assert look.states[name].health.standing(look.now) is Standing.OUT

    asyncio.run(main())


def test_a_stream_that_is_cut_ends_with_a_typed_error_and_is_not_begun_anew() -> None:
    heard: list[str] = []

    async def emit(piece: str) -> None:
        heard.append(piece)

    async def main() -> None:
        async with served(always(CutStream(FINE, words=2))) as at:
            with pytest.raises(ProviderRefusedError, match="the answer broke off"):
                await at.ask(emit)

    asyncio.run(main())
    assert heard == ["There ", "are "]


def test_where_all_are_down_the_error_names_the_last_one() -> None:
    async def main() -> None:
        async with served(always(FINE), always(FINE)) as at:
            for each in at.servers:
                each.kill()
            with pytest.raises(ProviderError, match=r"http://127.0.0.1:\d+/v1"):
                await at.ask()

    asyncio.run(main())


def test_failed_attempts_cost_nothing_and_what_was_heard_of_a_cut_one_does() -> None:
    async def ask(wrong: Reply) -> Meter:
        async with served(always(wrong), always(FINE)) as at:
            with metered(Meter(None)) as meter:
                for _ in range(2):  # each endpoint is the first once
                    await at.ask()
        return meter

    refused = asyncio.run(ask(Failure(500))).spent
    assert (refused.calls, refused.prompt_tokens) == (2, 2), "as the provider counts"
    cut = asyncio.run(ask(CutStream(FINE, words=2))).spent
    assert cut.calls == 3
    assert cut.prompt_tokens > 2, "what was sent is estimated"
    assert cut.cost == cut.prompt_tokens


def test_the_loser_of_a_hedge_is_charged_as_sent() -> None:
    hanging = False

    def first(_: str) -> Reply:
        return Hang() if hanging else FINE

    async def main() -> Meter:
        nonlocal hanging
        async with served(first, always(FINE), hedge=True) as at:
            for _ in range(24):
                await at.ask()
            hanging = True
            with metered(Meter(None)) as meter:
                before = at.asked[0]
                while at.asked[0] == before:
                    assert (await at.ask()).text == FINE
        return meter

    spent = asyncio.run(main()).spent
    answered = spent.completion_tokens // 3
    assert spent.calls >= answered + 1
    assert spent.cost == spent.prompt_tokens > answered
