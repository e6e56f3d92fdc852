"""A conversation with a provider: read as it is written, and its failures as ours."""

import asyncio

import pytest
from pydantic import SecretStr

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.openai_chat import close_clients, complete
from neurocortex.errors import ProviderError, ProviderRefusedError
from neurocortex.testing.openai_replies import Failure, Hang
from neurocortex.testing.openai_server import OpenAIServer

ASKED = [
    ChatMessage(role="system", content="Be brief."),
    ChatMessage(role="user", content="Hello?"),
]


def ask(server: OpenAIServer, *, key: str | None = None) -> tuple[Completion, list[str]]:
    endpoint = LlmEndpoint(
        base_url=server.base_url, model=server.model, api_key=SecretStr(key) if key else None
    )
    pieces: list[str] = []

    async def emit(piece: str) -> None:
        pieces.append(piece)

    async def main() -> Completion:
        try:
            return await complete(ASKED, endpoint, temperature=0.5, emit=emit)
        finally:
            await close_clients()

    return asyncio.run(main()), pieces


def test_the_answer_comes_word_by_word() -> None:
    with OpenAIServer(lambda prompt: f"You said {prompt} to me.") as server:
        completion, pieces = ask(server)
    assert pieces == ["You ", "said ", "Hello? ", "to ", "me."]
    assert completion == Completion(
        text="You said Hello? to me.",
        model="scripted",
        finish_reason="stop",
        prompt_tokens=1,
        completion_tokens=5,
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(500, ProviderError), (429, ProviderError), (400, ProviderRefusedError)]
)
def test_a_failure_is_the_providers(status: int, kind: type[ProviderError]) -> None:
    with OpenAIServer(lambda _: Failure(status)) as server, pytest.raises(ProviderError) as raised:
        ask(server)
    assert type(raised.value) is kind
    assert server.base_url in str(raised.value)


@pytest.mark.parametrize("is_there", [True, False])
def test_whether_a_call_reached_the_provider_is_told(*, is_there: bool) -> None:
    with OpenAIServer(lambda _: Hang(0)) as server:
        if not is_there:
            server.kill()
        with pytest.raises(ProviderError) as raised:
            ask(server)
    assert raised.value.status is None
    assert raised.value.was_sent is is_there


def test_a_wrong_key_is_refused() -> None:
    with (
        OpenAIServer(lambda _: "never", api_key="right") as server,
        pytest.raises(ProviderRefusedError),
    ):
        ask(server, key="wrong")
