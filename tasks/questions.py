"""Finding passages and answering from them."""

from datetime import timedelta

from prefect import task
from prefect.cache_policies import INPUTS, NO_CACHE

import blocks
from blocks import saved
from neurocortex.answering import prompt
from neurocortex.answering.extractive import answer_extractively
from neurocortex.domain.answers import Answer, AnswerKind, Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK
from tasks.lake import opened
from tasks.options import STEP


@task(**STEP, task_run_name="version of {collection}", cache_policy=NO_CACHE)
def read_collection_version(lake: str, collection: str) -> int:
    """Return the number of the collection's last load: a new one makes cached passages stale."""
    with opened(lake) as store:
        return store.collection(collection).version


@task(
    **STEP,
    task_run_name="search {collection}",
    cache_policy=INPUTS,
    cache_expiration=timedelta(hours=1),
    persist_result=True,
)
def retrieve_passages(
    lake: str,
    collection: str,
    version: int,  # noqa: ARG001 - part of the cache key: a load makes older results stale
    question: str,
    limit: int,
) -> list[Passage]:
    """Return the passages nearest to the question, best first."""
    with opened(lake) as store:
        return list(store.search(collection, question, limit))


@task(**STEP, task_run_name="extract an answer", cache_policy=INPUTS - "collection")
def extract_answer(question: str, collection: str, passages: list[Passage]) -> Answer:
    """Return the sentence that answers best, quoted word for word."""
    return answer_extractively(question, passages, collection)


@task(
    **STEP,
    task_run_name="generate an answer",
    cache_policy=INPUTS,
    cache_expiration=timedelta(hours=1),
    persist_result=True,
)
def generate_answer(
    question: str, collection: str, passages: list[Passage], provider: str
) -> Answer:
    """Return an answer that the provider's LLM writes from the numbered passages."""
    # Haystack takes a second to import, and an extractive answer does not need it.
    from neurocortex.engines.haystack_chat import generate

    endpoint = saved.load(blocks.LLMProvider, provider).connect()
    text = generate(prompt.build_prompt(question, passages), endpoint)
    answer, citations = prompt.cited(text, passages)
    return Answer(
        question=question,
        collection=collection,
        kind=AnswerKind.NONE if answer == prompt.NO_ANSWER else AnswerKind.GENERATED,
        text=answer,
        citations=citations,
        model=endpoint.model,
    )


@task(**STEP, task_run_name="look for the provider {name}", cache_policy=NO_CACHE)
def provider_is_configured(name: str) -> bool:
    """Return whether there is an LLM Provider block of that name.

    Raises:
        ConnectorError: a name other than `default` was asked for, and no block has it.
    """
    if name == DEFAULT_BLOCK:
        return saved.find(blocks.LLMProvider, name) is not None
    saved.load(blocks.LLMProvider, name)
    return True
