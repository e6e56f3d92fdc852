"""LangChain's own suites for caches, and what a model's calls become."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.load import dumps
from langchain_core.messages import HumanMessage
from langchain_core.outputs import Generation
from langchain_core.prompts import PromptTemplate
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

from neurocortex.cache.addresses import Address
from neurocortex.cache.keys import key_of
from neurocortex.cache.process import ProcessCache, open_results
from neurocortex.engines.langchain_cache import NAMESPACE, LangChainCache
from neurocortex.settings import CacheSettings, Settings


@pytest.fixture
def process(redis_url: str, tmp_path: Path) -> Iterator[ProcessCache]:
    """The cache of a process on an empty Redis and an empty disk."""
    small = CacheSettings(memory_mb=16, redis_mb=16, disk_mb=16)
    settings = Settings(home=tmp_path, cache=small)
    process = ProcessCache(lambda: open_results(settings, redis_url, 3.0))
    yield process
    process.close()


class TestCalls(SyncCacheTestSuite):
    """LangChain's suite, from threads."""

    @pytest.fixture
    def cache(self, process: ProcessCache) -> LangChainCache:
        return LangChainCache(process, "acme")


# One of its tests is no coroutine, which the plugin complains of.
@pytest.mark.filterwarnings("ignore:.*is marked with '@pytest.mark.asyncio':pytest.PytestWarning")
@pytest.mark.asyncio
class TestCallsInEventLoops(AsyncCacheTestSuite):
    """LangChain's suite, from event loops."""

    @pytest.fixture
    def cache(self, process: ProcessCache) -> LangChainCache:
        return LangChainCache(process, "acme")


def test_a_model_is_asked_once_for_one_prompt(process: ProcessCache) -> None:
    model = FakeListChatModel(responses=["one", "two"], cache=LangChainCache(process, "acme"))

    assert model.invoke("How many?").content == "one"
    assert model.invoke("How many?").content == "one"
    assert asyncio.run(model.ainvoke("How many?")).content == "one"
    assert model.invoke("And now?").content == "two"


def test_another_tenant_and_another_model_are_answered_anew(process: ProcessCache) -> None:
    cache = LangChainCache(process, "acme")
    cache.update("prompt", "model A", [Generation(text="mine")])

    assert LangChainCache(process, "other").lookup("prompt", "model A") is None
    assert cache.lookup("prompt", "model B") is None
    LangChainCache(process, "other").clear()
    assert cache.lookup("prompt", "model A") == [Generation(text="mine")]


@pytest.mark.parametrize(
    "forged",
    [
        dumps([PromptTemplate.from_template("{x}")]).encode(),
        dumps([HumanMessage("not an answer")]).encode(),
        b'[{"lc": 1, "type": "secret", "id": ["HOME"]}]',
        b'"text"',
        b"\xff",
    ],
)
def test_bytes_that_are_no_answer_make_no_object(process: ProcessCache, forged: bytes) -> None:
    cache = LangChainCache(process, "acme")
    key = key_of("acme", NAMESPACE, "prompt", model="model")
    process.call(lambda results: results.write(Address(key, 60.0), forged))

    assert cache.lookup("prompt", "model") is None
