"""answer-question, whole: with and without an LLM, and when either side fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks import LLMProvider
from flows.answer_question import answer_question
from flows.ingest_documents import ingest_documents
from neurocortex.domain.answers import AnswerKind
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import CollectionNotFoundError, ConnectorError, QuestionError
from neurocortex.lake.store import Lake
from neurocortex.testing.openai_replies import Failure
from neurocortex.testing.openai_server import OpenAIServer


@pytest.fixture
def documents(lake: Lake, tmp_path: Path) -> None:
    """A collection `documents` of two texts."""
    (tmp_path / "tiers.txt").write_text(
        "There are four priority tiers: critical, high, medium and low. Each tier is a work pool."
    )
    (tmp_path / "lake.txt").write_text("The Lake keeps documents and vectors in PostgreSQL.")
    ingest_documents([str(tmp_path / "*.txt")])


@pytest.fixture
def provider(prefect_api: str, request: pytest.FixtureRequest) -> Iterator[OpenAIServer]:
    """A provider that says what the test's parameter says, saved as the block `default`."""
    with OpenAIServer(lambda _: request.param) as server:
        block = LLMProvider(
            base_url=server.base_url, model=server.model, api_key=SecretStr("key"), timeout_s=5
        )
        block.save(DEFAULT_BLOCK, overwrite=True)
        yield server
        LLMProvider.delete(DEFAULT_BLOCK)


@pytest.mark.usefixtures("documents")
def test_without_an_llm_the_best_sentence_is_quoted_with_its_source() -> None:
    answer = answer_question("What are the four priority tiers?")

    assert answer.kind is AnswerKind.EXTRACTIVE
    assert "critical, high, medium and low" in answer.text
    assert Path(answer.citations[0].passage.source).name == "tiers.txt"
    assert answer.note is None


@pytest.mark.usefixtures("documents")
@pytest.mark.parametrize("provider", ["There are four of them [1]."], indirect=True)
def test_an_llm_writes_the_answer_from_numbered_sources(provider: OpenAIServer) -> None:
    answer = answer_question("What are the four priority tiers?")

    assert answer.kind is AnswerKind.GENERATED
    assert answer.text == "There are four of them [1]."
    assert [citation.number for citation in answer.citations] == [1]
    assert "critical, high, medium and low" in provider.prompts[0], "the sources were sent"


@pytest.mark.usefixtures("documents", "provider")
@pytest.mark.parametrize("provider", [Failure(401, "Incorrect API key")], indirect=True)
def test_when_the_llm_fails_the_answer_is_quoted_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = answer_question("What are the four priority tiers?")

    assert answer.kind is AnswerKind.EXTRACTIVE
    assert answer.note is not None
    assert "failed" in answer.note


@pytest.mark.usefixtures("documents")
def test_what_no_document_answers_is_said_honestly() -> None:
    answer = answer_question("Qqxyzzy zzyxq?")

    assert answer.kind is AnswerKind.NONE
    assert not answer.citations


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("question", "message"), [(" \n", "empty"), ("why " * 25_000, "100,000|99,999|characters")]
)
def test_a_question_that_is_none_is_refused(question: str, message: str) -> None:
    state = answer_question(question, return_state=True)
    with pytest.raises(QuestionError, match=message):
        state.result()


@pytest.mark.usefixtures("documents")
def test_a_collection_that_does_not_exist_is_named_with_those_that_do() -> None:
    state = answer_question("Why?", collection="nowhere", return_state=True)
    with pytest.raises(CollectionNotFoundError, match=r"nowhere.*documents"):
        state.result()


@pytest.mark.usefixtures("documents")
def test_a_provider_that_was_asked_for_must_exist() -> None:
    state = answer_question("Which tiers are there?", llm="none-such", return_state=True)
    with pytest.raises(ConnectorError, match="none-such"):
        state.result()
