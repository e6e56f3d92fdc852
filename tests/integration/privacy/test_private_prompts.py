"""The tasks that talk to a provider, on a real Prefect server: it never sees a name."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks import LLMProvider
from neurocortex.domain.answers import Passage
from neurocortex.domain.chat import ChatMessage
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.openai_chat import close_clients
from neurocortex.settings import settings
from neurocortex.testing.openai_server import OpenAIServer
from tasks.chat import complete_chat
from tasks.questions import generate_answer

BLOCK = "of-the-privacy-tests"


@pytest.fixture
def provider(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenAIServer]:
    """A provider that repeats what it is asked, saved as a block."""
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROCORTEX_PRIVACY__PROMPTS", "all")
    settings.cache_clear()
    with (
        temporary_settings({PREFECT_API_URL: prefect_server}),
        OpenAIServer(lambda prompt: f"{prompt.splitlines()[-2]} [1]") as server,
    ):
        LLMProvider(base_url=server.base_url, model=server.model).save(BLOCK, overwrite=True)
        yield server
        LLMProvider.delete(BLOCK)
    settings.cache_clear()


def test_a_chat_is_streamed_with_the_names_the_provider_never_saw(provider: OpenAIServer) -> None:
    got: list[str] = []

    async def emit(piece: str) -> None:
        got.append(piece)

    async def chat() -> str:
        question = "Who is Ann Smith?\nend"
        messages = [ChatMessage(role="user", content=question)]
        completion = await complete_chat.fn(messages, None, None, emit, BLOCK)
        await close_clients()
        return completion.text

    answer = asyncio.run(chat())
    assert answer == "".join(got) == "Who is Ann Smith? [1]"
    assert "Smith" not in str(provider.prompts)
    assert "<PERSON_1>" in str(provider.prompts)


def test_an_answer_names_who_its_sources_name(provider: OpenAIServer) -> None:
    passage = Passage(
        document_id=uuid4(),
        text="Ann Smith (ann@example.com) founded it.",
        source="/files/a.txt",
        title="a.txt",
        score=1.0,
        start=0,
        end=39,
    )
    endpoint = LlmEndpoint(base_url=provider.base_url, model=provider.model)
    model = LlmProvider(endpoints=(endpoint,))
    answer = generate_answer.fn("Did Ann Smith found it?", "documents", [passage], BLOCK, model)
    assert answer.text == "Question: Did Ann Smith found it? [1]"
    assert [each.passage for each in answer.citations] == [passage]
    assert "Smith" not in str(provider.prompts)
    assert "example.com" not in str(provider.prompts)
