"""A search that an LLM refines, over OpenAI's protocol."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect import flow

from blocks import LLMProvider
from flows.ingest_documents import ingest_documents
from neurocortex.domain.refinement import Refinement
from neurocortex.errors import ProviderMissingError
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from neurocortex.testing.openai_replies import Failure, Reply
from neurocortex.testing.openai_server import OpenAIServer
from tasks.refining import Found, Sought, find_passages
from tasks.tracked_steps import TrackedSteps

QUESTION = "Which drug lowers fever?"

pytestmark = pytest.mark.usefixtures("drugs")

TEXTS = {
    "question": "Which drug lowers fever? Which drug lowers fever: that is often asked.",
    "answer": "Paracetamol is an antipyretic drug: it brings a high temperature down.",
    "other": "The platform has four priority tiers, and each drug store has none.",
}


@pytest.fixture
def drugs(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A collection of that name; nothing is tried twice."""
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "0")
    settings.cache_clear()
    for name, text in TEXTS.items():
        (tmp_path / f"{name}.txt").write_text(text)
    ingest_documents([str(tmp_path / "*.txt")], collection="drugs")
    yield
    settings.cache_clear()


@contextmanager
def provider(reply: Callable[[str], Reply]) -> Iterator[OpenAIServer]:
    with OpenAIServer(reply) as server:
        LLMProvider(base_url=server.base_url, model=server.model).save("refiner", overwrite=True)
        yield server
        LLMProvider.delete("refiner")


def sources(found: Found) -> list[str]:
    return [Path(each.source).stem for each in found.passages]


def found_for(question: str, refinement: Refinement | None, limit: int = 3) -> Found:
    @flow(name="search-refined")
    def run() -> Found:
        sought = Sought("default", "drugs", 1, question, limit)
        return asyncio.run(find_passages(sought, refinement, TrackedSteps()))

    return run()


def search(*, limit: int = 3, rerank: bool = False, rewordings: int = 0) -> Found:
    asked = rerank or rewordings > 0
    refinement = Refinement(llm="refiner", rerank=rerank, rewordings=rewordings) if asked else None
    return found_for(QUESTION, refinement, limit)


def test_the_llms_grades_put_the_answer_before_the_words_of_the_question() -> None:
    assert sources(search())[0] == "question"

    def grade(prompt: str) -> Reply:
        shown = json.loads(prompt.removeprefix("<text>\n").removesuffix("\n</text>"))
        assert shown["question"] == QUESTION
        grades = [
            {"passage": each["passage"], "grade": 9 if "Paracetamol" in each["text"] else 1}
            for each in shown["passages"]
        ]
        return json.dumps({"grades": grades})

    with provider(grade) as server:
        found = search(limit=2, rerank=True)
        again = search(limit=2, rerank=True)
    assert sources(found)[0] == "answer"
    assert [each.relevance for each in found.passages] == [0.9, 0.1]
    assert found.note is None
    assert again == found
    assert len(server.prompts) == 1  # then it came from the cache


def test_other_wordings_find_what_the_question_does_not() -> None:
    wordings = json.dumps({"wordings": ["antipyretic against high temperature"]})
    with provider(lambda _: wordings):
        found = search(rewordings=2)
    by = {Path(each.source).stem: each for each in found.passages}
    assert by["answer"].wording == "antipyretic against high temperature"
    assert by["answer"].lexical_rank == 1
    assert by["question"].wording is None


@pytest.mark.parametrize(
    "reply", [Failure(400), "I would rather talk about bees."], ids=["refused", "no JSON"]
)
def test_where_the_llm_fails_the_search_stays_and_says_so(reply: Reply) -> None:
    plain = search()
    with provider(lambda _: reply):
        found = search(rerank=True)
    assert sources(found) == sources(plain)
    assert found.note == (
        "The LLM provider 'refiner' failed, so the passages are as the search ranks them."
    )


def test_personal_data_does_not_leave_with_the_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORTEX_PRIVACY__PROMPTS", "all")
    settings.cache_clear()
    with provider(lambda _: json.dumps({"grades": []})) as server:
        found_for(
            "Which drug does anna.smith@example.org take?", Refinement(llm="refiner", rerank=True)
        )
    assert len(server.prompts) == 1
    assert not any("anna.smith" in prompt for prompt in server.prompts)


def test_a_provider_that_is_not_there_is_named() -> None:
    with pytest.raises(ProviderMissingError):
        found_for(QUESTION, Refinement(rerank=True))
