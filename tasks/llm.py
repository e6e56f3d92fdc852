"""Calls of LLMs: over the endpoints of a provider, charged to the request and the tenant."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from pydantic import JsonValue, SecretStr

import blocks
from blocks import saved
from neurocortex.balancing.balancer import Balancer
from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.domain.usage import Usage, estimated_tokens
from neurocortex.errors import LedgerUnavailableError, ProviderError, ProviderMissingError
from neurocortex.privacy.opening import placeholders_for
from neurocortex.privacy.prompts import Placeholders
from neurocortex.settings import BalancingSettings, settings
from neurocortex.spending import meter as meters
from neurocortex.spending.meter import Meter, Reservation
from neurocortex.spending.runs import note
from neurocortex.spending.tenants import tokens_of
from tasks.tenant import tenant_of_run

Emit = Callable[[str], Awaitable[None]]

Write = Callable[[LlmEndpoint, int, Emit], Awaitable[Completion]]
"""Has one endpoint write an answer of at most so many tokens; its pieces go to the emit."""

RESERVED_S: Final = 5.0
"""The end of a task's time is kept for what comes after the LLM: a quoted answer, say."""


RUN: Final = "PREFECT__FLOW_RUN_ID"
"""In the environment of a process that a worker started: its flow run."""

logger = logging.getLogger(__name__)


def provider_of(name: str) -> LlmProvider:
    """Return the model of a provider block and its endpoints, with their keys.

    Raises:
        ProviderMissingError: there is no such provider block.
    """
    block = saved.find(blocks.LLMProvider, name)
    if block is None:
        raise ProviderMissingError(name)
    return block.connect()


def placeholders_of(provider: LlmProvider) -> Placeholders | None:
    """Return what hides personal data in prompts; None: no endpoint of the provider needs that."""
    found = (placeholders_for(each.base_url) for each in provider.endpoints)
    return next((each for each in found if each is not None), None)


def meter_of_run() -> Meter:
    """Return what charges the calls of this task: of its request, else of its tenant alone."""
    return meters.current() or Meter(None, tokens_of(tenant_of_run(), settings()))


async def converse(
    messages: Sequence[ChatMessage],
    provider: LlmProvider,
    max_tokens: int | None = None,
    temperature: float | None = None,
    emit: Emit | None = None,
    schema: Mapping[str, JsonValue] | None = None,
) -> Completion:
    """Return what an LLM answers, and charge it. See `neurocortex.engines.openai_chat.complete`.

    Raises:
        TokenBudgetSpentError: the request has no tokens left for it.
        CostBudgetSpentError: it could cost more than the request has left.
        TenantBudgetSpentError: its tenant has not.
        ProviderError: the endpoints refused or failed; a ProviderBrokeOffError once `emit` was
            given a piece.
    """
    from neurocortex.engines.openai_chat import complete  # 1 s to import

    async def write(endpoint: LlmEndpoint, most: int, pieces: Emit) -> Completion:
        return await complete(messages, endpoint, most, temperature, pieces, schema)

    prompt = estimated_tokens(*(message.content for message in messages))
    return await written(write, provider, prompt, max_tokens, emit)


async def written(
    write: Write,
    provider: LlmProvider,
    prompt: int,
    max_tokens: int | None = None,
    emit: Emit | None = None,
) -> Completion:
    """Return what the endpoint writes that serves the call now, and charge it.

    Each endpoint that is called reserves room of its own and is charged for itself: what it counts,
    or what was sent and heard where it failed in the middle, or another one was faster.

    Args:
        write: calls an endpoint.
        provider: the model and its endpoints.
        prompt: tokens of what is sent, estimated.
        max_tokens: of the answer; None for the provider's own limit.
        emit: gets each piece of the answer when it comes.

    Raises: as `converse`.
    """
    meter = meter_of_run()

    async def attempt(endpoint: LlmEndpoint, pieces: Emit) -> Completion:
        most = max_tokens or endpoint.max_tokens
        # In threads: they may ask Redis what the tenant has left.
        room = await asyncio.to_thread(
            meter.reserve, prompt, most, endpoint.usage(prompt, most).cost
        )
        used = Usage()
        heard: list[str] = []

        async def hear(piece: str) -> None:
            heard.append(piece)
            await pieces(piece)

        try:
            completion = await write(endpoint, room.answer, hear)
            used = counted(completion, endpoint, prompt)
        except ProviderError:
            if heard:
                used = _begun(endpoint, prompt, heard)
            raise
        except asyncio.CancelledError:
            used = _begun(endpoint, prompt, heard)  # it was sent, and nobody hears what it took
            raise
        finally:
            await asyncio.shield(asyncio.to_thread(_charge, room, used))
        return completion

    deadline_s = settings().tasks.timeout_s - RESERVED_S
    return await _balancer().call(provider, attempt, emit, deadline_s=deadline_s)


async def converse_privately(
    messages: Sequence[ChatMessage],
    provider: LlmProvider,
    max_tokens: int | None = None,
    temperature: float | None = None,
    emit: Emit | None = None,
) -> Completion:
    """As `converse`; personal data goes out as placeholders, where the settings want that, and the
    answer has the names again."""
    hidden = await asyncio.to_thread(placeholders_of, provider)
    if hidden is None:
        return await converse(messages, provider, max_tokens, temperature, emit)
    sent = await asyncio.to_thread(hidden.hide_messages, messages)
    restoring = hidden.restoring(emit) if emit else None
    completion = await converse(sent, provider, max_tokens, temperature, restoring)
    if restoring is not None:
        await restoring.finish()
    return completion.model_copy(update={"text": hidden.restore(completion.text)})


def counted(completion: Completion, endpoint: LlmEndpoint, prompt: int) -> Usage:
    """Return what an answer took: as the provider counts, or estimated where it does not."""
    return endpoint.usage(
        completion.prompt_tokens or prompt,
        completion.completion_tokens or estimated_tokens(completion.text),
    )


def _charge(room: Reservation, used: Usage) -> None:
    """Charge a call to its request and tenant, and to the flow run that this process is of."""
    room.settle(used)
    run, url = os.environ.get(RUN), settings().redis_url
    if run is None or url is None:
        return
    try:
        note(url.get_secret_value(), UUID(run), used)
    except LedgerUnavailableError as error:  # the answer is there, and charged
        logger.warning("What a call took is not known of its run: %s", error)


def _begun(endpoint: LlmEndpoint, prompt: int, heard: Sequence[str]) -> Usage:
    """Return what an answer took that nobody waited for: what was sent, and what came of it."""
    return endpoint.usage(prompt, estimated_tokens(*heard) if heard else 0)


def _balancer() -> Balancer:
    chosen = settings()
    return _balancer_of(chosen.redis_url, chosen.balancing)


@lru_cache(maxsize=4)
def _balancer_of(redis_url: SecretStr | None, chosen: BalancingSettings) -> Balancer:
    """Return this process's own: what it learns of endpoints stays while the settings do."""
    return Balancer(redis_url.get_secret_value() if redis_url else None, chosen)
