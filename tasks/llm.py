"""Calls of LLMs, charged to the request and the tenant whose work they are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import JsonValue

import blocks
from blocks import saved
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.errors import ProviderMissingError
from neurocortex.privacy.opening import placeholders_for
from neurocortex.settings import settings
from neurocortex.spending import meter as meters
from neurocortex.spending.meter import Meter
from neurocortex.spending.tenants import tokens_of
from tasks.tenant import tenant_of_run

Emit = Callable[[str], Awaitable[None]]


def endpoint_of(provider: str) -> LlmEndpoint:
    """Return where the model of a provider block is, with its key.

    Raises:
        ProviderMissingError: there is no such provider block.
    """
    block = saved.find(blocks.LLMProvider, provider)
    if block is None:
        raise ProviderMissingError(provider)
    return block.connect()


def meter_of_run() -> Meter:
    """Return what charges the calls of this task: of its request, else of its tenant alone."""
    return meters.current() or Meter(None, tokens_of(tenant_of_run(), settings()))


async def converse(
    messages: Sequence[ChatMessage],
    endpoint: LlmEndpoint,
    max_tokens: int | None = None,
    temperature: float | None = None,
    emit: Emit | None = None,
    schema: Mapping[str, JsonValue] | None = None,
) -> Completion:
    """Return what an LLM answers, and charge it. See `neurocortex.engines.openai_chat.complete`.

    Raises:
        TokenBudgetSpentError: the request has no tokens left for it.
        TenantBudgetSpentError: its tenant has not.
        ProviderError: the endpoint refused or failed.
    """
    from neurocortex.engines.openai_chat import complete  # 1 s to import

    prompt = estimated_tokens(*(message.content for message in messages))
    meter = meter_of_run()
    # In threads: they may ask Redis what the tenant has left.
    room = await asyncio.to_thread(meter.reserve, prompt, max_tokens or endpoint.max_tokens)
    used = Usage()
    try:
        completion = await complete(messages, endpoint, room.answer, temperature, emit, schema)
        used = counted(completion, endpoint, prompt)
    except asyncio.CancelledError:
        used = endpoint.usage(prompt, 0)  # it was sent, and nobody hears what it took
        raise
    finally:
        await asyncio.shield(asyncio.to_thread(room.settle, used))
    return completion


async def converse_privately(
    messages: Sequence[ChatMessage],
    endpoint: LlmEndpoint,
    max_tokens: int | None = None,
    temperature: float | None = None,
    emit: Emit | None = None,
) -> Completion:
    """As `converse`; personal data goes out as placeholders, where the settings want that, and the
    answer has the names again."""
    hidden = await asyncio.to_thread(placeholders_for, endpoint.base_url)
    if hidden is None:
        return await converse(messages, endpoint, max_tokens, temperature, emit)
    sent = await asyncio.to_thread(hidden.hide_messages, messages)
    restoring = hidden.restoring(emit) if emit else None
    completion = await converse(sent, endpoint, max_tokens, temperature, restoring)
    if restoring is not None:
        await restoring.finish()
    return completion.model_copy(update={"text": hidden.restore(completion.text)})


def counted(completion: Completion, endpoint: LlmEndpoint, prompt: int) -> Usage:
    """Return what an answer took: as the provider counts, or estimated where it does not."""
    return endpoint.usage(
        completion.prompt_tokens or prompt,
        completion.completion_tokens or estimated_tokens(completion.text),
    )
