"""The shipped Haystack pipelines on a real Lake, and one of the operator's own."""

import asyncio
import gc
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from haystack.document_stores.errors import DuplicateDocumentError
from prefect.client.orchestration import get_client
from pydantic import JsonValue

import blocks
from flows.run_pipeline import run_pipeline
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.engines.openai_chat import close_clients
from neurocortex.errors import (
    HaystackComponentError,
    HaystackPipelineNotFoundError,
    ProviderMissingError,
)
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from neurocortex.testing.openai_server import OpenAIServer
from tasks.haystack_pipelines import ENGINE

# Prefect leaves a connection of an asynchronous flow to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DOCUMENTS: list[JsonValue] = [
    {"content": "There are four tiers:   critical, high, medium and low.", "meta": {"source": "a"}},
    {"content": "The Lake keeps documents and vectors in PostgreSQL.", "meta": {"source": "b"}},
    {"content": "The cache has three levels: memory, Redis, disk.", "meta": {"source": "c"}},
    {"content": "%$ ## !! ++ ** ~~ .. ;; :: <> {} []", "meta": {"source": "noise"}},
]

OWN = """
summary: Keeps documents that bring their own vectors, and finds them by words.
components:
  writer:
    type: haystack.components.writers.document_writer.DocumentWriter
    init_parameters:
      document_store: &store
        type: neurocortex.adapters.haystack_store.LakeDocumentStore
        init_parameters: {collection: own, embedding_dimension: 3}
inputs: {documents: writer.documents}
outputs: {written: writer.documents_written}
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the operator's pipelines; nothing is tried twice."""
    import_module(ENGINE)  # as in test_run_agent.py
    monkeypatch.setenv("NEUROCORTEX_PIPELINES__FOLDER", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()
    gc.collect()


def ran(name: str, inputs: dict[str, JsonValue], **parameters: JsonValue) -> PipelineOutcome:
    async def main() -> PipelineOutcome:
        try:
            return await run_pipeline(name, inputs, parameters)
        finally:
            await close_clients()

    return asyncio.run(main())


def contents(value: JsonValue) -> list[Any]:
    assert isinstance(value, list)
    return [each["content"] for each in value if isinstance(each, dict)]


def test_documents_go_in_through_the_gate_are_found_and_answered_from(lake: Lake) -> None:
    loaded = ran("indexing", {"documents": DOCUMENTS}, collection="notes")
    assert loaded.outputs == {"written": 3, "unchanged": 0, "refused": ["noise"]}
    again = ran("indexing", {"documents": DOCUMENTS[:3]}, collection="notes")
    assert again.outputs == {"written": 0, "unchanged": 3, "refused": []}

    found = ran("search", {"query": "Which tiers are there?"}, collection="notes", passages=1)
    texts = contents(found.outputs["documents"])
    assert texts[0] == "There are four tiers: critical, high, medium and low."

    with OpenAIServer(lambda _: "There are four tiers [1].") as server:
        blocks.LLMProvider(base_url=server.base_url, model=server.model).save(
            DEFAULT_BLOCK, overwrite=True
        )
        try:
            answered = ran("document_qa", {"query": "Which tiers are there?"}, collection="notes")
            short = ran("summarise", {"query": "tiers", "sentences": 2}, collection="notes")
        finally:
            blocks.LLMProvider.delete(DEFAULT_BLOCK)
    answers = answered.outputs["answers"]
    assert isinstance(answers, list)
    answer = answers[0]
    assert isinstance(answer, dict)
    assert answer["data"] == "There are four tiers [1]."
    assert contents(answer["documents"]) == texts[:1]
    assert "[1] There are four tiers" in server.prompts[0]
    assert short.outputs["summary"] == ["There are four tiers [1]."]
    assert "Write about 2 sentences" in server.prompts[1]
    assert [each.component for each in answered.components] == [
        *("retriever", "prompt", "llm", "answers")
    ]


def test_the_run_leaves_its_outputs_in_sight(lake: Lake) -> None:
    ran("indexing", {"documents": DOCUMENTS}, collection="notes")
    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    report = next(each for each in found if each.description == "Pipeline indexing")
    assert "**refused**" in str(report.data)
    assert "| writer | CollectionWriter |" in str(report.data)


def test_an_operators_own_pipeline_writes_to_the_lake_of_the_run(
    lake: Lake, own_folder: Path
) -> None:
    (own_folder / "keep.yaml").write_text(OWN)
    given: list[JsonValue] = [
        {"id": "1", "content": "Bees fly.", "embedding": [1, 0, 0]},
        {"id": "2", "content": "Ants walk.", "embedding": [0, 1, 0]},
    ]
    assert ran("keep", {"documents": given}).outputs == {"written": 2}
    assert lake.collection("own").documents == 2
    with pytest.raises(HaystackComponentError, match="component writer failed") as told:
        ran("keep", {"documents": given})
    assert DuplicateDocumentError.__name__ in str(told.value)
    found = ran("search", {"query": "bees"}, collection="own")
    assert contents(found.outputs["documents"])[0] == "Bees fly."


def test_what_is_missing_is_told(lake: Lake) -> None:
    nothing = ran("search", {"query": "tiers"}, collection="missing")
    assert nothing.outputs == {"documents": []}, "as every document store that is empty"
    ran("indexing", {"documents": DOCUMENTS}, collection="notes")
    with pytest.raises(ProviderMissingError):
        ran("document_qa", {"query": "tiers"}, collection="notes")
    with pytest.raises(HaystackPipelineNotFoundError, match="Did you mean 'search'"):
        ran("serch", {"query": "tiers"})
