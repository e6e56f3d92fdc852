"""Talking to the LLM of a provider block."""

import asyncio
from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.deployments import DEFAULT_BLOCK
from tasks.llm import Emit, converse_privately, provider_of
from tasks.options import STEP


@task(**STEP, task_run_name="chat", cache_policy=NO_CACHE)
async def complete_chat(
    messages: Sequence[ChatMessage],
    max_tokens: int | None,
    temperature: float | None,
    emit: Emit | None,
    provider: str = DEFAULT_BLOCK,
) -> Completion:
    """Return what the LLM answers; `emit` gets the text piece by piece.

    Raises:
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed; once pieces were sent it is a
            ProviderBrokeOffError, as another try would send them twice.
        TokenBudgetSpentError: the request's budget has no room for the conversation.
        TenantBudgetSpentError: its tenant's has not.
    """
    model = await asyncio.to_thread(provider_of, provider)
    return await converse_privately(messages, model, max_tokens, temperature, emit)
