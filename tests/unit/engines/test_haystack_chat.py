"""The Haystack pipeline, against a provider that speaks the real protocol."""

import asyncio

import pytest
from pydantic import SecretStr

from neurocortex.domain.chat import Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.haystack_chat import generate
from neurocortex.errors import ProviderError, ProviderRefusedError
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer


def _endpoint(server: OpenAIServer, key: str | None = None) -> LlmEndpoint:
    return LlmEndpoint(
        base_url=server.base_url,
        model=server.model,
        api_key=SecretStr(key) if key else None,
        timeout_s=5,
    )


def _ask(prompt: str, endpoint: LlmEndpoint) -> Completion:
    return asyncio.run(generate(prompt, endpoint))


def test_the_model_answers_the_prompt_as_it_was_given() -> None:
    with OpenAIServer(lambda prompt: f"You said: {prompt}") as server:
        answer = _ask("What is {{ this }} {% raw %}?", _endpoint(server))
    assert answer.text == "You said: What is {{ this }} {% raw %}?"
    assert (answer.model, answer.finish_reason) == ("scripted", "stop")


def test_a_key_is_sent() -> None:
    with OpenAIServer(lambda _: "yes", api_key="sesame") as server:
        assert _ask("Open?", _endpoint(server, "sesame")).text == "yes"


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_is_a_provider_error_that_names_the_endpoint(status: int) -> None:
    with (
        OpenAIServer(lambda _: Failure(status, "no tokens left")) as server,
        pytest.raises(ProviderError, match="no tokens left") as caught,
    ):
        _ask("Hello?", _endpoint(server))
    assert server.base_url in str(caught.value)
    assert isinstance(caught.value, ProviderRefusedError) is (status == 401)
    assert len(server.prompts) == 1, "the task retries, not the client"


def test_an_empty_answer_is_a_provider_error() -> None:
    with OpenAIServer(lambda _: "  ") as server, pytest.raises(ProviderError, match="no text"):
        _ask("Hello?", _endpoint(server))


def test_an_endpoint_that_is_gone_is_a_provider_error() -> None:
    with OpenAIServer(lambda _: "yes") as server:
        endpoint = _endpoint(server)
    with pytest.raises(ProviderError, match="APIConnectionError"):
        _ask("Hello?", endpoint)


def test_the_pieces_come_while_it_is_written() -> None:
    heard: list[str] = []

    async def emit(piece: str) -> None:
        heard.append(piece)

    with OpenAIServer(lambda _: "Three little words.") as server:
        told = asyncio.run(generate("Say it.", _endpoint(server), emit=emit))
    assert heard == ["Three ", "little ", "words."]
    assert (told.prompt_tokens, told.completion_tokens) == (1, 3)
