"""Reading structures and labels from texts."""

import asyncio
from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue, TypeAdapter

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.language import Classification, Example, Extraction, Method
from neurocortex.language import classification
from neurocortex.language.extraction import messages_for
from tasks.llm import converse, placeholders_of, provider_of
from tasks.options import STEP
from tasks.vectors import ready_model

SCORES = TypeAdapter(dict[str, float])


@task(**STEP, task_run_name="extract", cache_policy=NO_CACHE)
async def extract_structure(
    text: str, schema: Mapping[str, JsonValue], instructions: str | None, provider: str
) -> Extraction:
    """Return what the provider's LLM reads from a text, as a schema describes it.

    Raises:
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed.
        ExtractionError: what it wrote did not follow the schema, also when asked again.
        TokenBudgetSpentError: the request's budget has no room for it.
        TenantBudgetSpentError: its tenant's has not.
    """
    from neurocortex.engines.langchain_extraction import extract  # 1 s to import

    model = await asyncio.to_thread(provider_of, provider)
    hidden = await asyncio.to_thread(placeholders_of, model)
    messages = messages_for(text, schema, instructions)
    if hidden is not None:
        messages = await asyncio.to_thread(hidden.hide_messages, messages)

    async def complete(
        asked: Sequence[ChatMessage], wanted: Mapping[str, JsonValue] | None
    ) -> Completion:
        return await converse(asked, model, temperature=0.0, schema=wanted)

    restore = hidden.restore if hidden is not None else str
    found = await extract(messages, schema, complete, model.model, restore)
    return Extraction(
        method=Method.LLM, model=model.model, data=found.data, is_repaired=found.is_repaired
    )


@task(**STEP, task_run_name="ask for the label", cache_policy=NO_CACHE)
async def classify_by_llm(
    text: str,
    labels: Sequence[str],
    descriptions: Mapping[str, str],
    examples: Sequence[Example],
    provider: str,
) -> Classification:
    """Return the labels' scores as the provider's LLM gives them. Raises as `extract_structure`."""
    told = classification.instructions_for(labels, descriptions, examples)
    schema = classification.schema_of(labels)
    found = await extract_structure.fn(text, schema, told, provider)
    scores = SCORES.validate_python(found.data)
    weights = [scores[label] for label in labels]
    return classification.classification(labels, weights, Method.LLM, found.model)


@task(**STEP, task_run_name="classify by examples", cache_policy=NO_CACHE)
def classify_by_examples(
    text: str, labels: Sequence[str], examples: Sequence[Example]
) -> Classification:
    """Return the labels' scores by a classifier that is fitted on the examples."""
    from neurocortex.engines import example_classifier  # scikit-learn: 1 s to import

    weights = example_classifier.scores(text, labels, examples)
    return classification.classification(labels, weights, Method.EXAMPLES, example_classifier.MODEL)


@task(**STEP, task_run_name="compare with the labels", cache_policy=NO_CACHE)
def classify_by_similarity(
    text: str,
    labels: Sequence[str],
    descriptions: Mapping[str, str],
    lake: str,
    collection: str | None,
) -> Classification:
    """Return the labels' scores by the similarity of their embeddings to the text's.

    Raises:
        CollectionNeededError: the configured model is fitted on a collection, and none is named.
        CollectionNotFoundError: there is no such collection, or it has no model yet.
    """
    remedy = "name one in `collection`, give `examples`, or configure an LLM"
    model = ready_model(lake, collection, remedy)
    about = model.embed_documents(classification.described(labels, descriptions))
    weights = classification.by_similarity(model.embed_documents([text]), about)
    return classification.classification(labels, weights, Method.SIMILARITY, model.name)
