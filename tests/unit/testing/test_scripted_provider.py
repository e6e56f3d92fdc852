"""The provider for tests says and does what its script says, to OpenAI's own client."""

import doctest
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from openai import APIConnectionError, OpenAI, RateLimitError
from openai.types.chat import ChatCompletionUserMessageParam

from neurocortex.testing import openai_server
from neurocortex.testing.openai_replies import (
    Answering,
    CutStream,
    Failure,
    Hang,
    Raw,
    Slow,
    script,
)
from neurocortex.testing.openai_server import OpenAIServer

HELLO: ChatCompletionUserMessageParam = {"role": "user", "content": "Hello?"}


@contextmanager
def asked(reply: Answering, timeout_s: float = 5) -> Iterator[OpenAI]:
    with (
        OpenAIServer(reply) as server,
        OpenAI(base_url=server.base_url, api_key="any", max_retries=0, timeout=timeout_s) as client,
    ):
        yield client


def said(client: OpenAI) -> str | None:
    answer = client.chat.completions.create(model="scripted", messages=[HELLO])
    return answer.choices[0].message.content


def heard(client: OpenAI) -> Iterator[str]:
    stream = client.chat.completions.create(model="scripted", messages=[HELLO], stream=True)
    with stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


def test_the_example_works() -> None:
    assert doctest.testmod(openai_server).failed == 0


def test_a_script_is_played_once_and_its_last_reply_stays() -> None:
    with asked(script("One.", "Two.")) as client:
        assert [said(client) for _ in range(3)] == ["One.", "Two.", "Two."]


def test_a_rate_limit_says_when_to_come_back() -> None:
    with (
        asked(script(Failure(429, retry_after_s=7))) as client,
        pytest.raises(RateLimitError) as raised,
    ):
        said(client)
    assert raised.value.response.headers["retry-after"] == "7"


def test_an_answer_may_take_its_time() -> None:
    with asked(script(Slow("Now it comes.", before_s=0.05, between_s=0.02))) as client:
        began = time.monotonic()
        assert list(heard(client)) == ["Now ", "it ", "comes."]
        assert time.monotonic() - began >= 0.09


def test_a_stream_may_be_cut() -> None:
    with asked(script(CutStream("Now it comes.", words=2))) as client:
        pieces = heard(client)
        assert [next(pieces), next(pieces)] == ["Now ", "it "]
        with pytest.raises((APIConnectionError, httpx.RemoteProtocolError)):
            next(pieces)


def test_a_whole_answer_may_be_cut() -> None:
    with (
        asked(script(CutStream("Now it comes.", words=2))) as client,
        pytest.raises(APIConnectionError),
    ):
        said(client)


def test_it_may_hang_and_ends_nevertheless() -> None:
    began = time.monotonic()
    with (
        asked(script(Hang()), timeout_s=0.1) as client,
        pytest.raises(APIConnectionError),
    ):
        said(client)
    assert time.monotonic() - began < 3


def test_a_body_may_be_no_json() -> None:
    with OpenAIServer(script(Raw(b"{nonsense"))) as server:
        body = {"model": "scripted", "messages": [HELLO]}
        answer = httpx.post(f"{server.base_url}/chat/completions", json=body)
    assert answer.is_success
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_texts_are_embedded_the_same_each_time_and_in_order() -> None:
    with asked(script("any")) as client:
        twice = [
            client.embeddings.create(model="scripted", input=["a", "b"], encoding_format="float")
            for _ in range(2)
        ]
    first, second = ([each.embedding for each in answer.data] for answer in twice)
    assert first == second
    assert first[0] != first[1]


def test_an_embedding_may_fail_as_a_chat_may() -> None:
    with asked(script(Failure(429))) as client, pytest.raises(RateLimitError):
        client.embeddings.create(model="scripted", input="a")


def test_it_may_lie_about_its_health() -> None:
    with OpenAIServer(script("fine"), health=Failure(503)) as server:
        assert httpx.get(f"{server.base_url}/models").status_code == 503
        server.health = None
        assert httpx.get(f"{server.base_url}/models").json()["data"][0]["id"] == server.model


def test_one_that_is_killed_breaks_the_answers_under_way() -> None:
    with (
        OpenAIServer(script(Slow("a b c d", between_s=5))) as server,
        OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
    ):
        pieces = heard(client)
        assert next(pieces) == "a "
        server.kill()
        with pytest.raises((APIConnectionError, httpx.TransportError)):
            next(pieces)
        with pytest.raises(APIConnectionError):
            said(client)
