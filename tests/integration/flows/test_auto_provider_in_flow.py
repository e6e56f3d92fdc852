"""answer-question with `auto`: a flow run chooses its provider, and teaches the selector."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from blocks import LLMProvider, listing
from flows.answer_question import answer_question
from flows.ingest_documents import ingest_documents
from neurocortex.domain.answers import AnswerKind
from neurocortex.lake.store import Lake
from neurocortex.selection.limits import Limits
from neurocortex.selection.receipt import Followed
from neurocortex.selection.store import ChoiceStore
from neurocortex.settings import SelectionSettings, settings
from neurocortex.testing.openai_server import OpenAIServer

QUESTION = "What are the four priority tiers?"


@pytest.fixture
def provider(
    lake: Lake, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The one LLM Provider there is, and a collection `documents`; returns its block's name."""
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    settings.cache_clear()
    listing.forget()
    (tmp_path / "tiers.txt").write_text(
        "There are four priority tiers: critical, high, medium and low. Each tier is a work pool."
    )
    (tmp_path / "lake.txt").write_text("The Lake keeps documents and vectors in PostgreSQL.")
    ingest_documents([str(tmp_path / "*.txt")])
    with OpenAIServer(lambda _: "There are four of them [1].") as server:
        LLMProvider(
            base_url=server.base_url, model=server.model, region="eu", prompt_price=5.0
        ).save("writer", overwrite=True)
        yield "writer"
        LLMProvider.delete("writer")
    listing.forget()
    settings.cache_clear()


def receipts(redis_url: str) -> list[Followed]:
    async def read() -> list[Followed]:
        async with Redis.from_url(redis_url) as redis:
            return await ChoiceStore(redis, SelectionSettings()).recent(10)

    return asyncio.run(read())


def test_a_flow_run_chooses_and_its_outcome_is_learned(provider: str, redis_url: str) -> None:
    answer = answer_question(QUESTION, llm="auto")
    assert answer.kind is AnswerKind.GENERATED
    assert answer.choice is not None
    assert answer.choice.provider == provider
    (followed,) = receipts(redis_url)
    assert followed.receipt.id == answer.choice.receipt
    assert followed.call is not None
    assert followed.call.succeeded
    assert followed.call.tokens > 0
    assert followed.call.cost > 0

    quoted = answer_question(QUESTION, llm="auto", choose=Limits(regions=("us",)))
    assert quoted.kind is AnswerKind.EXTRACTIVE
    assert quoted.note is not None
    assert "writer: it is in eu (region)" in quoted.note
