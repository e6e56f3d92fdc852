"""Running Haystack pipelines on the platform's Lake and LLM providers."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.engines.haystack_pipelines import catalog
from neurocortex.engines.haystack_pipelines.platform import IncomingText, Platform, WrittenTexts
from neurocortex.errors import NothingIngestedError
from neurocortex.lake import bound
from neurocortex.settings import settings
from tasks.caching import forget_collection
from tasks.lake import opened
from tasks.llm import converse_privately, provider_of
from tasks.options import STEP
from tasks.vectors import Text, upsert_texts

ENGINE: Final = "neurocortex.engines.haystack_pipelines.running"


@task(**STEP, task_run_name="run pipeline {name}", cache_policy=NO_CACHE)
async def run_described(
    name: str, parameters: Mapping[str, JsonValue], inputs: Mapping[str, JsonValue], lake: str
) -> PipelineOutcome:
    """Run the Haystack pipeline of that name.

    Args:
        name: of a shipped one, or of a file in `settings.pipelines.folder`.
        parameters: in place of its defaults.
        inputs: what it takes.
        lake: name of the Lake block that stores use which name no other.

    Raises:
        HaystackError: there is no such pipeline, its file or an input is wrong, a component failed.
        NeuroCortexError: what a component of the platform's raised.
    """
    await asyncio.to_thread(import_module, ENGINE)  # 2 s, which would hold up an event loop
    from neurocortex.engines.haystack_pipelines.running import run

    chosen = settings().pipelines
    described = await asyncio.to_thread(catalog.find, name, chosen.folder, chosen.modules)
    with ExitStack() as stack:
        store = await asyncio.to_thread(stack.enter_context, opened(lake))
        stack.enter_context(bound.bound(store))
        return await run(described, parameters, inputs, _platform(lake), chosen.modules)


def _platform(lake: str) -> Platform:
    async def complete(
        messages: Sequence[ChatMessage],
        provider: str,
        max_tokens: int | None,
        temperature: float | None,
    ) -> Completion:
        model = await asyncio.to_thread(provider_of, provider)
        return await converse_privately(messages, model, max_tokens, temperature)

    async def write(collection: str, texts: Sequence[IncomingText]) -> WrittenTexts:
        return await asyncio.to_thread(_write, lake, collection, texts)

    return Platform(complete, write)


def _write(lake: str, collection: str, texts: Sequence[IncomingText]) -> WrittenTexts:
    if not texts:
        return WrittenTexts(0, 0, ())
    incoming = [Text(source=each.source, text=each.text, title=each.title) for each in texts]
    try:
        done = upsert_texts.fn(lake, collection, incoming)
    except NothingIngestedError as error:
        return WrittenTexts(0, 0, tuple(each.source for each in error.refused))
    # Also where nothing was new: an earlier try may have loaded them, and ended before this.
    forget_collection.fn(collection)
    load = done.load
    return WrittenTexts(
        written=0 if load is None else load.inserted + load.replaced,
        unchanged=done.unchanged,
        refused=tuple(each.source for each in done.refused),
    )
