"""Summarising texts: by their own sentences, or by an LLM."""

import asyncio
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.language import DocumentText, Method, Summary
from neurocortex.lake.texts import document_text
from neurocortex.language.summaries import messages_for
from tasks.lake import opened
from tasks.llm import Emit, converse_privately, provider_of
from tasks.options import STEP

CUT: Final = "length"
"""What a provider says of an answer that reached its limit of tokens."""


@task(**STEP, task_run_name="read {source}", cache_policy=NO_CACHE)
def read_document(lake: str, collection: str, source: str) -> DocumentText:
    """Return the text of a document of a collection."""
    with opened(lake) as store:
        return document_text(store.engine, collection, source)


@task(**STEP, task_run_name="choose {count} sentences", cache_policy=NO_CACHE)
def choose_sentences(text: str, count: int, question: str | None) -> Summary:
    """Return the sentences that stand for a text best, word for word."""
    from neurocortex.language.lexrank import summarise  # scipy: 0.4 s

    chosen = summarise(text, count, question)
    return Summary(method=Method.EXTRACTIVE, model="lexrank", text=" ".join(chosen))


@task(**STEP, task_run_name="write a summary", cache_policy=NO_CACHE)
async def write_summary(
    text: str, count: int, question: str | None, provider: str, emit: Emit | None
) -> Summary:
    """Return a summary that the provider's LLM writes; `emit` gets it piece by piece.

    Raises:
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed.
        TokenBudgetSpentError: the request's budget has no room for the text.
        TenantBudgetSpentError: its tenant's has not.
    """
    model = await asyncio.to_thread(provider_of, provider)
    messages = messages_for(text, count, question)
    completion = await converse_privately(messages, model, emit=emit)
    note = "It was cut where its tokens ended." if completion.finish_reason == CUT else None
    return Summary(method=Method.LLM, model=model.model, text=completion.text.strip(), note=note)
