"""With each endpoint of its LLM down, a question is still answered: quoted, and said so."""

import pytest

from blocks import LLMProvider
from blocks.llm_provider import FurtherEndpoint
from flows.answer_question import answer_question
from flows.ingest_documents import ingest_documents
from neurocortex.domain.answers import AnswerKind
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake.store import Lake
from neurocortex.testing.openai_replies import Failure, Hang, script
from neurocortex.testing.openai_server import OpenAIServer


@pytest.fixture
def question(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A question that a collection `documents` answers."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "tiers.txt").write_text(
        "There are four priority tiers: critical, high, medium and low. Each tier is a work pool."
    )
    ingest_documents([str(folder / "*.txt")])
    return "What are the four priority tiers?"


def test_the_answer_is_quoted_when_all_endpoints_are_down(question: str) -> None:
    with (
        OpenAIServer(script(Failure(401))) as refusing,
        OpenAIServer(script(Failure(404))) as lacking,
    ):
        LLMProvider(
            base_url=refusing.base_url,
            model=refusing.model,
            endpoints=[FurtherEndpoint(base_url=lacking.base_url)],
        ).save(DEFAULT_BLOCK, overwrite=True)
        try:
            answer = answer_question(question)
        finally:
            LLMProvider.delete(DEFAULT_BLOCK)
    assert (len(refusing.prompts), len(lacking.prompts)) == (1, 1)
    assert answer.kind is AnswerKind.EXTRACTIVE
    assert "critical, high, medium and low" in answer.text
    assert "failed" in (answer.note or "")


def test_another_endpoint_writes_it_when_one_hangs(question: str) -> None:
    with OpenAIServer(script(Hang())) as hanging, OpenAIServer(script("Four [1].")) as fine:
        LLMProvider(
            base_url=hanging.base_url,
            model=hanging.model,
            weight=1000,  # so that it is the first
            timeout_s=0.5,
            endpoints=[FurtherEndpoint(base_url=fine.base_url)],
        ).save(DEFAULT_BLOCK, overwrite=True)
        try:
            answer = answer_question(question)
        finally:
            LLMProvider.delete(DEFAULT_BLOCK)
    assert len(hanging.prompts) == 1
    assert (answer.kind, answer.text) == (AnswerKind.GENERATED, "Four [1].")
