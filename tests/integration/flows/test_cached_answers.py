"""Answers come from the Cache the second time, in any process, until something changed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import tags
from pydantic import SecretStr

from blocks import LLMProvider
from flows.answer_question import answer_question
from flows.ingest_documents import ingest_documents
from neurocortex.domain.answers import Answer
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake.store import Lake
from neurocortex.testing.openai_server import OpenAIServer
from tests.integration.flows.task_runs import states

QUESTION = "What are the four priority tiers?"
SEARCHED, WRITTEN = "search documents", "generate an answer"
ANEW = {SEARCHED: "Completed", WRITTEN: "Completed"}
CACHED = {SEARCHED: "Cached", WRITTEN: "Cached"}


@pytest.fixture
def documents(lake: Lake, tmp_path: Path) -> Path:
    """The folder of a collection `documents` of one text."""
    (tmp_path / "tiers.txt").write_text(
        "There are four priority tiers: critical, high, medium and low. Each tier is a work pool."
    )
    ingest_documents([str(tmp_path / "*.txt")])
    return tmp_path


@pytest.fixture
def provider(documents: Path) -> Iterator[OpenAIServer]:
    """A provider that numbers its answers, saved as the block `default`."""
    with OpenAIServer(lambda _: f"Answer {len(server.prompts)} [1].") as server:
        _save(server)
        yield server
        LLMProvider.delete(DEFAULT_BLOCK)


def _save(server: OpenAIServer, **changes: Any) -> None:
    key = SecretStr("key")
    block = LLMProvider(base_url=server.base_url, model=server.model, api_key=key, timeout_s=5)
    block.model_copy(update=changes).save(DEFAULT_BLOCK, overwrite=True)


def ask() -> tuple[str, dict[str, str]]:
    """Return the answer, and the states of the tasks whose results are cached."""
    state = answer_question(QUESTION, return_state=True)
    answer = state.result()
    assert isinstance(answer, Answer)
    run = state.state_details.flow_run_id
    assert run is not None
    return answer.text, states(run, {SEARCHED, WRITTEN})


def ask_elsewhere(prefect_api: str, home: Path) -> tuple[str, dict[str, str]]:
    """The same, in another process."""
    env = {
        **os.environ,
        "PREFECT_API_URL": prefect_api,
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "NEUROCORTEX_HOME": str(home),
    }
    script = Path(__file__).with_name("answer_elsewhere.py")
    done = subprocess.run(
        [sys.executable, str(script), QUESTION], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    run, answer = done.stdout.splitlines()[-2:]
    return answer, states(UUID(run), {SEARCHED, WRITTEN})


def test_the_same_question_is_cached_in_another_process_until_an_ingestion(
    provider: OpenAIServer, prefect_api: str, documents: Path, tmp_path: Path
) -> None:
    first, computed = ask()
    assert computed == ANEW

    # A Redis that is slow for a moment is not waited for: the search is done again then.
    asked = (ask_elsewhere(prefect_api, tmp_path / f"machine {number}") for number in range(4))
    assert (first, CACHED) in asked
    assert len(provider.prompts) == 1, "the LLM was asked once"

    (documents / "more.txt").write_text("Since May there are five priority tiers: also lowest.")
    ingest_documents([str(documents / "*.txt")])
    second, computed = ask()
    assert computed == ANEW
    assert second != first


def test_another_tenant_and_another_model_get_answers_of_their_own(provider: OpenAIServer) -> None:
    ask()
    with tags("tenant:acme"):
        assert ask()[1] == ANEW
        assert ask()[1] == CACHED
    _save(provider, max_tokens=100)
    assert ask()[1] == {SEARCHED: "Cached", WRITTEN: "Completed"}
    assert len(provider.prompts) == 3


def test_what_changed_nothing_leaves_answers_as_they_are(
    provider: OpenAIServer, documents: Path
) -> None:
    ask()
    ingest_documents([str(documents / "*.txt")])
    assert ask()[1] == CACHED
    assert len(provider.prompts) == 1
