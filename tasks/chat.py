"""Talking to the LLM of a provider block."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

import blocks
from blocks import saved
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import ProviderMissingError
from neurocortex.privacy.opening import placeholders_for
from tasks.options import STEP


@task(**STEP, task_run_name="chat", cache_policy=NO_CACHE)
async def complete_chat(
    messages: Sequence[ChatMessage],
    max_tokens: int | None,
    temperature: float | None,
    emit: Callable[[str], Awaitable[None]] | None,
    provider: str = DEFAULT_BLOCK,
) -> Completion:
    """Return what the LLM answers; `emit` gets the text piece by piece.

    Raises:
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed; once pieces were sent it is a
            ProviderRefusedError, as another try would send them twice.
    """
    from neurocortex.engines.openai_chat import complete  # 1 s to import

    block = await asyncio.to_thread(saved.find, blocks.LLMProvider, provider)
    if block is None:
        raise ProviderMissingError(provider)
    endpoint = block.connect()
    hidden = await asyncio.to_thread(placeholders_for, endpoint.base_url)
    if hidden is None:
        return await complete(messages, endpoint, max_tokens, temperature, emit)
    sent = await asyncio.to_thread(hidden.hide_messages, messages)
    restoring = hidden.restoring(emit) if emit else None
    completion = await complete(sent, endpoint, max_tokens, temperature, restoring)
    if restoring is not None:
        await restoring.finish()
    return completion.model_copy(update={"text": hidden.restore(completion.text)})
