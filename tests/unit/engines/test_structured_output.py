"""A structure that an LLM reads from a text: checked, asked for again once, or refused."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from pydantic import JsonValue

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.langchain_chat import PlatformChatModel
from neurocortex.engines.langchain_extraction import Extracted, extract
from neurocortex.engines.openai_chat import close_clients, complete
from neurocortex.errors import ExtractionError, ProviderError
from neurocortex.language.extraction import messages_for
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "name": {"type": "string"}},
    "required": ["number"],
}


class Provider:
    """Answers one after the other, over the real protocol."""

    def __init__(self, *answers: str | Failure) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []

    def extracted(self, restore: Any = str) -> Extracted:
        async def main(server: OpenAIServer) -> Extracted:
            endpoint = LlmEndpoint(base_url=server.base_url, model=server.model)

            async def call(
                asked: Sequence[ChatMessage], schema: Mapping[str, JsonValue] | None
            ) -> Completion:
                return await complete(asked, endpoint, schema=schema)

            try:
                return await extract(
                    messages_for("Invoice 17", SCHEMA), SCHEMA, call, endpoint.model, restore
                )
            finally:
                await close_clients()

        with OpenAIServer(lambda _: self.answers.pop(0)) as server:
            try:
                return asyncio.run(main(server))
            finally:
                self.prompts = server.prompts


@pytest.mark.parametrize(
    "written",
    ['{"number": 17}', '```json\n{"number": 17}\n```'],
    ids=["bare", "fenced"],
)
def test_what_follows_the_schema_is_taken(written: str) -> None:
    provider = Provider(written)
    assert provider.extracted() == Extracted({"number": 17}, is_repaired=False)
    assert "Invoice 17" in provider.prompts[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"number": "x"}', "$.number: 'x' is not of type 'integer'"),
        ("no idea", "$: it is no JSON"),
    ],
    ids=["wrong", "text"],
)
def test_what_does_not_is_asked_for_again_with_the_reason(written: str, said: str) -> None:
    provider = Provider(written, '{"number": 17}')
    assert provider.extracted() == Extracted({"number": 17}, is_repaired=True)
    assert said in provider.prompts[1]


def test_a_model_that_fails_twice_is_told_of() -> None:
    with pytest.raises(ExtractionError, match=r"scripted .* \$: 'number' is a required") as told:
        Provider("{}", "{}").extracted()
    assert told.value.problems == (("$", "'number' is a required property"),)


def test_a_provider_that_fails_is_not_asked_again_here() -> None:
    with pytest.raises(ProviderError):
        Provider(Failure(500)).extracted()


def test_names_come_back_as_data_whatever_they_hold() -> None:
    def restore(text: str) -> str:
        return text.replace("<PERSON_1>", 'Ann "A." Smith\n')

    found = Provider('{"number": 1, "name": "<PERSON_1>"}').extracted(restore)
    assert found.data == {"number": 1, "name": 'Ann "A." Smith\n'}


def test_half_an_answer_is_no_answer() -> None:
    """LangChain's parser would close what is open."""

    async def cut(_: Sequence[ChatMessage], __: Mapping[str, JsonValue] | None) -> Completion:
        return Completion(text='{"number": 17, "name": "A', model="m", finish_reason="length")

    with pytest.raises(ExtractionError, match="it was cut where its tokens ended"):
        asyncio.run(extract([], SCHEMA, cut, "m", str))


def test_it_is_a_chat_model_of_langchains() -> None:
    async def call(
        asked: Sequence[ChatMessage], schema: Mapping[str, JsonValue] | None
    ) -> Completion:
        told = json.dumps({"roles": [each.role for each in asked], "schema": schema})
        return Completion(
            text=told, model="m", finish_reason="stop", prompt_tokens=3, completion_tokens=4
        )

    model = PlatformChatModel(complete=call, name_of_model="m")
    said = model.invoke([("system", "Be brief."), ("human", "Hi"), ("ai", "Hello"), ("human", "?")])
    assert json.loads(said.text) == {
        "roles": ["system", "user", "assistant", "user"],
        "schema": None,
    }
    assert said.usage_metadata == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert model.with_structured_output(SCHEMA).invoke("Hi")["schema"] == SCHEMA
    with pytest.raises(ValueError, match="Stop words"):
        model.invoke("Hi", stop=["x"])
    with pytest.raises(ValueError, match="type 'tool'"):
        model.invoke([ToolMessage("x", tool_call_id="1")])
