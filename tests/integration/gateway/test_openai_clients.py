"""The real OpenAI client drives the gateway unchanged."""

from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from tests.integration.gateway.conftest import Gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    base_url = f"{gateway.url}/v1"
    with openai.OpenAI(base_url=base_url, api_key=gateway.admin, max_retries=0) as client:
        yield client


def test_a_conversation_is_continued(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(
        model="chat",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        ],
        max_completion_tokens=5,
        temperature=0,
    )
    assert made.choices[0].message.content == "system: Be brief. | user: Hello"
    assert made.choices[0].finish_reason == "stop"
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.total_tokens) == (3, 7)


def test_it_is_streamed_word_by_word(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="chat",
            messages=[{"role": "user", "content": "Hello you"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(word or "" for word in words) == "user: Hello you "
    assert len([word for word in words if word]) == 3
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_texts_become_vectors(client: openai.OpenAI, encoding: str) -> None:
    made = client.embeddings.create(model="embed:papers", input=["a", "abc"])
    assert [each.embedding for each in made.data] == [[1.0, 0.5], [3.0, 0.5]]
    as_floats = client.embeddings.create(model="embed", input="abc", encoding_format="float")
    assert as_floats.data[0].embedding == [3.0, 0.5]


def test_the_operations_are_its_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["chat", "embed"]


def test_its_errors_are_those_of_the_client(gateway: Gateway, client: openai.OpenAI) -> None:
    hello: ChatCompletionUserMessageParam = {"role": "user", "content": "Hello"}
    with pytest.raises(openai.BadRequestError) as unknown:
        client.chat.completions.create(model="gpt-9", messages=[hello])
    assert "chat[:PROVIDER]" in str(unknown.value.body)
    with pytest.raises(openai.BadRequestError) as unheeded:
        client.chat.completions.create(model="chat", messages=[hello], tools=[])
    assert "tools" in str(unheeded.value.body)
    with pytest.raises(openai.InternalServerError) as missing:
        client.chat.completions.create(model="chat:missing", messages=[hello])
    assert missing.value.code == "provider_missing"
    stranger = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="wrong", max_retries=0)
    with stranger, pytest.raises((openai.AuthenticationError, openai.RateLimitError)):
        stranger.models.list()


def test_a_stream_that_is_refused_has_a_status_of_its_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as missing:
        client.chat.completions.create(
            model="chat:missing", messages=[{"role": "user", "content": "Hello"}], stream=True
        )
    assert missing.value.code == "provider_missing"
