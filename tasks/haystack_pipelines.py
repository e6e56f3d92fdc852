"""Running Haystack pipelines on the platform's Lake and LLM providers."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.choices import AUTO, Choice
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.domain.usage import estimated_tokens
from neurocortex.engines.haystack_pipelines import catalog
from neurocortex.engines.haystack_pipelines.platform import IncomingText, Platform, WrittenTexts
from neurocortex.errors import NothingIngestedError
from neurocortex.lake import bound
from neurocortex.selection.limits import Limits, only_with_a_name
from neurocortex.selection.values import Asked
from neurocortex.settings import settings
from neurocortex.spending import meter as meters
from tasks.asking import Providers
from tasks.caching import forget_collection
from tasks.lake import opened
from tasks.llm import converse_privately, meter_of_run, provider_of
from tasks.options import STEP
from tasks.plain_steps import PlainSteps
from tasks.vectors import Text, upsert_texts

ENGINE: Final = "neurocortex.engines.haystack_pipelines.running"

OPERATION: Final = "run_pipeline"
"""What the selector learns of providers for: a whole run is one outcome."""


@task(**STEP, task_run_name="run pipeline {name}", cache_policy=NO_CACHE)
async def run_described(
    name: str,
    parameters: Mapping[str, JsonValue],
    inputs: Mapping[str, JsonValue],
    lake: str,
    choose: Limits | None = None,
) -> PipelineOutcome:
    """Run the Haystack pipeline of that name.

    Args:
        name: of a shipped one, or of a file in `settings.pipelines.folder`.
        parameters: in place of its defaults.
        inputs: what it takes.
        lake: name of the Lake block that stores use which name no other.
        choose: which providers may be chosen where a component leaves it open.

    Raises:
        HaystackError: there is no such pipeline, its file or an input is wrong, a component failed.
        NeuroCortexError: what a component of the platform's raised.
    """
    await asyncio.to_thread(import_module, ENGINE)  # 2 s, which would hold up an event loop
    from neurocortex.engines.haystack_pipelines.running import run

    chosen = settings().pipelines
    described = await asyncio.to_thread(catalog.find, name, chosen.folder, chosen.modules)
    async with AsyncExitStack() as stack:
        store = await asyncio.to_thread(stack.enter_context, opened(lake))
        stack.enter_context(bound.bound(store, forget_collection.fn))
        # One for all components: they may run in contexts of their own.
        stack.enter_context(meters.metered(meter_of_run()))
        llms = _Llms(stack, choose or Limits())
        outcome = await run(described, parameters, inputs, _platform(lake, llms), chosen.modules)
    return outcome.model_copy(update={"choice": llms.choice})


class _Llms:
    """The providers of one run: components that name the same ones share what was chosen."""

    def __init__(self, stack: AsyncExitStack, limits: Limits) -> None:
        self._stack = stack
        self._limits = limits
        self._known: dict[tuple[str, ...], Providers] = {}

    @property
    def choice(self) -> Choice | None:
        found = self._known.get((AUTO,))
        return found.choice if found else None

    def of(self, names: tuple[str, ...], messages: Sequence[ChatMessage]) -> Providers:
        if names not in self._known:
            sent = estimated_tokens(*(each.content for each in messages))
            asked = Asked(OPERATION, sent, limits=self._limits)
            first, *others = names
            found = Providers(first, asked, PlainSteps(), fallbacks=others, is_needed=True)
            self._stack.push_async_exit(found)
            self._known[names] = found
        return self._known[names]


def _platform(lake: str, llms: _Llms) -> Platform:
    async def complete(
        messages: Sequence[ChatMessage],
        provider: str,
        max_tokens: int | None,
        temperature: float | None,
        fallbacks: Sequence[str],
    ) -> Completion:
        only_with_a_name(provider, fallbacks)

        async def ask(name: str) -> Completion:
            model = await asyncio.to_thread(provider_of, name)
            return await converse_privately(messages, model, max_tokens, temperature)

        return await llms.of((provider, *fallbacks), messages).ask(ask)

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
