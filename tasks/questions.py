"""Finding passages and answering from them."""

from datetime import timedelta
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

import blocks
from blocks import saved
from neurocortex.answering import prompt
from neurocortex.answering.extractive import answer_extractively
from neurocortex.domain.answers import Answer, AnswerKind, Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.domain.filter_syntax import WrittenFilter, read
from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.privacy.opening import placeholders_for
from tasks.caching import COLLECTION, cached
from tasks.lake import opened
from tasks.llm import counted, meter_of_run
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
    model: LlmEndpoint,
    budget: int | None = None,  # noqa: ARG001 - part of the cache key: a small one cuts the answer
) -> Answer:
    """Return an answer that the provider's LLM writes from the numbered passages.

    `model` is what `find_provider` returned: another model or endpoint answers anew. `budget` is
    how many tokens the request may use.

    Raises:
        TokenBudgetSpentError: that has no room for the prompt.
        TenantBudgetSpentError: nor has the tenant's.
    """
    key = saved.load(blocks.LLMProvider, provider).api_key
    endpoint = model.model_copy(update={"api_key": key})
    asked = prompt.build_prompt(question, passages)
    hidden = placeholders_for(endpoint.base_url)
    if hidden is None:
        text = _generated(asked, endpoint)
    else:
        text = hidden.restore(_generated(hidden.hide(asked), endpoint))
    answer, citations = prompt.cited(text, passages)
    return Answer(
        question=question,
        collection=collection,
        kind=AnswerKind.NONE if answer == prompt.NO_ANSWER else AnswerKind.GENERATED,
        text=answer,
        citations=citations,
        model=endpoint.model,
    )


def _generated(asked: str, endpoint: LlmEndpoint) -> str:
    # Haystack takes a second to import, and an extractive answer does not need it.
    from neurocortex.engines.haystack_chat import generate

    size = estimated_tokens(asked)
    room = meter_of_run().reserve(size, endpoint.max_tokens)
    used = Usage()
    try:
        completion = generate(asked, endpoint, room.answer)
        used = counted(completion, endpoint, size)
    finally:
        room.settle(used)
    return completion.text


@task(**STEP, task_run_name="look for the provider {name}", cache_policy=NO_CACHE)
def find_provider(name: str) -> LlmEndpoint | None:
    """Return what answers at the LLM Provider block of that name, without its key.

    None: the name is `default`, and there is no such block.

    Raises:
        ConnectorError: a name other than `default` was asked for, and no block has it.
    """
    if name == DEFAULT_BLOCK:
        block = saved.find(blocks.LLMProvider, name)
    else:
        block = saved.load(blocks.LLMProvider, name)
    return block.connect().model_copy(update={"api_key": None}) if block else None
