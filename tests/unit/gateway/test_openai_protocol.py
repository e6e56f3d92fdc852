import base64
import struct

import orjson
import pytest

from neurocortex.errors import InvalidRequestError
from neurocortex.gateway.bodies import decode
from neurocortex.gateway.openai_protocol import (
    Answered,
    ChatCompletionRequest,
    EmbeddingsRequest,
    chunk,
    completion,
    embeddings,
)


def chat(**fields: object) -> ChatCompletionRequest:
    asked = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return decode(ChatCompletionRequest, orjson.dumps(asked))


def test_a_model_is_an_operation_and_what_it_works_on() -> None:
    assert chat(model="chat:mine").request()["provider"] == "mine"
    answer = chat(model="answer:papers").request()
    assert answer == {"operation": "answer", "question": "Hi", "collection": "papers"}


@pytest.mark.parametrize("model", ["gpt-9", "embed", "chat:", "", ":"])
def test_other_models_are_refused(model: str) -> None:
    with pytest.raises(InvalidRequestError):
        chat(model=model).request()


def test_the_newer_limit_of_tokens_counts_more() -> None:
    assert chat(max_tokens=5, max_completion_tokens=7).request()["max_tokens"] == 7
    assert "max_tokens" not in chat().request()


@pytest.mark.parametrize("field", ["tools", "functions", "top_p", "seed", "logit_bias"])
def test_a_field_that_would_not_be_heeded_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        chat(**{field: []})
    assert refused.value.problems[0][0] == field


def test_one_text_or_many_become_vectors() -> None:
    for given, texts in (("a", ["a"]), (["a", "b"], ["a", "b"])):
        asked = decode(EmbeddingsRequest, orjson.dumps({"model": "embed", "input": given}))
        assert asked.request() == {"operation": "embed", "texts": texts}


def test_vectors_travel_as_numbers_or_as_32_bit_floats() -> None:
    plain = orjson.loads(embeddings("embed", [[0.5, 1.0]], as_base64=False))
    assert plain["data"][0]["embedding"] == [0.5, 1.0]
    packed = orjson.loads(embeddings("embed", [[0.5, 1.0]], as_base64=True))
    assert struct.unpack("<2f", base64.b64decode(packed["data"][0]["embedding"])) == (0.5, 1.0)


def test_a_completion_counts_tokens_where_the_provider_did() -> None:
    made = orjson.loads(completion("7", "chat", Answered(text="Hi", prompt_tokens=2)))
    assert made["usage"] == {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2}
    assert made["choices"][0]["message"]["content"] == "Hi"


def test_a_chunk_is_one_event() -> None:
    sent = chunk("7", "chat", {"content": "a\nb"})
    assert sent.startswith(b"data: {")
    assert sent.count(b"\n") == 2
    assert sent.endswith(b"\n\n")
