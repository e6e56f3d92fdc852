"""Finding passages and answering from them."""

import asyncio
from datetime import timedelta
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

import blocks
from blocks import saved
from neurocortex.answering import prompt
from neurocortex.answering.extractive import answer_extractively
from neurocortex.domain.answers import Answer, AnswerKind, Passage
from neurocortex.domain.chat import Completion
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.domain.filter_syntax import WrittenFilter, read
from neurocortex.domain.usage import estimated_tokens
from tasks.caching import COLLECTION, cached
from tasks.lake import opened
from tasks.llm import Emit, placeholders_of, written
from tasks.options import STEP

KEPT: Final = timedelta(hours=1)
"""What was found and answered; until then, or until the next load into the collection."""


@task(**STEP, task_run_name="version of {collection}", cache_policy=NO_CACHE)
def read_collection_version(lake: str, collection: str) -> int:
    """Return the number of the collection's last load: a new one makes cached passages stale."""
    with opened(lake) as store:
        return store.collection(collection).version


@task(**STEP, **cached(KEPT, COLLECTION), task_run_name="search {collection}")
def retrieve_passages(
    lake: str,
    collection: str,
    version: int,  # noqa: ARG001 - part of the cache key: a load makes older results stale
    question: str,
    limit: int,
    filters: WrittenFilter | None = None,
) -> list[Passage]:
    """Return the passages nearest to the question, best first, of documents like the filters."""
    wanted = read(filters) if filters else None
    with opened(lake) as store:
        return list(store.search(collection, question, limit, wanted=wanted))


# NO_CACHE: quoting takes 4 ms, less than asking the cache.
@task(**STEP, task_run_name="extract an answer", cache_policy=NO_CACHE)
def extract_answer(question: str, collection: str, passages: list[Passage]) -> Answer:
    """Return the sentence that answers best, quoted word for word."""
    return answer_extractively(question, passages, collection)


@task(**STEP, **cached(KEPT, COLLECTION), task_run_name="generate an answer")
def generate_answer(
    question: str,
    collection: str,
    passages: list[Passage],
    provider: str,
    model: LlmProvider,  # noqa: ARG001 - part of the cache key: another model answers anew
    budget: int | None = None,  # noqa: ARG001 - part of the cache key: a small one cuts the answer
) -> Answer:
    """Return an answer that the provider's LLM writes from the numbered passages.

    `model` is what `find_provider` returned: another model or endpoint answers anew. `budget` is
    how many tokens the request may use.

    Raises:
        TokenBudgetSpentError: that has no room for the prompt.
        TenantBudgetSpentError: nor has the tenant's.
    """
    # The block is read again for its keys, which no cache key may hold.
    found = saved.load(blocks.LLMProvider, provider).connect()
    asked = prompt.build_prompt(question, passages)
    hidden = placeholders_of(found)
    if hidden is None:
        text = asyncio.run(_generated(asked, found))
    else:
        text = hidden.restore(asyncio.run(_generated(hidden.hide(asked), found)))
    answer, citations = prompt.cited(text, passages)
    return Answer(
        question=question,
        collection=collection,
        kind=AnswerKind.NONE if answer == prompt.NO_ANSWER else AnswerKind.GENERATED,
        text=answer,
        citations=citations,
        model=found.model,
    )


async def _generated(asked: str, provider: LlmProvider) -> str:
    # Haystack takes a second to import, and an extractive answer does not need it.
    from neurocortex.engines.haystack_chat import generate

    async def write(endpoint: LlmEndpoint, most: int, pieces: Emit) -> Completion:
        return await generate(asked, endpoint, most, pieces)

    return (await written(write, provider, estimated_tokens(asked))).text


@task(**STEP, task_run_name="look for the provider {name}", cache_policy=NO_CACHE)
def find_provider(name: str) -> LlmProvider | None:
    """Return the model of the LLM Provider block of that name and its endpoints, without keys.

    None: the name is `default`, and there is no such block.

    Raises:
        ConnectorError: a name other than `default` was asked for, and no block has it.
    """
    if name == DEFAULT_BLOCK:
        block = saved.find(blocks.LLMProvider, name)
    else:
        block = saved.load(blocks.LLMProvider, name)
    return block.connect().without_keys() if block else None
