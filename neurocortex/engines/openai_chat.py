"""Conversations with any model behind OpenAI's protocol, read as they are written.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from weakref import WeakKeyDictionary

from openai import AsyncOpenAI, Omit, omit
from openai.types.chat import ChatCompletionMessageParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import JsonValue, TypeAdapter

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.openai_errors import FAILURES, translated
from neurocortex.errors import ProviderError

NO_KEY: Final = "not-needed"
"""What a local endpoint without keys is sent: the client insists on a value."""

_MESSAGES: Final = TypeAdapter(list[ChatCompletionMessageParam])

_clients: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[LlmEndpoint, AsyncOpenAI]]] = (
    WeakKeyDictionary()
)
"""Connections belong to an event loop; making a client takes 30 ms."""


async def complete(
    messages: Sequence[ChatMessage],
    endpoint: LlmEndpoint,
    max_tokens: int | None = None,
    temperature: float | None = None,
    emit: Callable[[str], Awaitable[None]] | None = None,
    schema: Mapping[str, JsonValue] | None = None,
) -> Completion:
    """Return what a model answers to a conversation.

    Args:
        messages: the conversation so far, oldest first.
        endpoint: where the model is.
        max_tokens: of the answer; None for the endpoint's own limit.
        temperature: None for the model's own.
        emit: gets each piece of the answer when it comes.
        schema: a JSON Schema that the answer should follow, as JSON. Endpoints differ in how well
            they keep to it: check what comes.

    Raises:
        ProviderError: the endpoint refused, failed, or timed out. Pieces that were given to `emit`
            cannot be taken back: `neurocortex.balancing` looks to that.
    """
    pieces: list[str] = []
    reason, prompt_tokens, completion_tokens = None, None, None
    try:
        stream = await _client(endpoint).chat.completions.create(
            model=endpoint.model,
            messages=_MESSAGES.validate_python([each.model_dump() for each in messages]),
            max_tokens=max_tokens or endpoint.max_tokens,
            temperature=_given(temperature),
            stream=True,
            stream_options={"include_usage": True},
            response_format=_format(schema) if schema is not None else omit,
        )
        async with stream:
            async for chunk in stream:
                if chunk.usage is not None:
                    prompt_tokens = chunk.usage.prompt_tokens
                    completion_tokens = chunk.usage.completion_tokens
                for choice in chunk.choices:
                    reason = choice.finish_reason or reason
                    if choice.delta.content:
                        pieces.append(choice.delta.content)
                        if emit is not None:
                            await emit(choice.delta.content)
    except FAILURES as error:
        raise translated(endpoint.base_url, error) from error
    if reason is None and not pieces:
        raise ProviderError(endpoint.base_url, "what it answered is no stream of a chat")
    return Completion(
        text="".join(pieces),
        model=endpoint.model,
        finish_reason=reason or "stop",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )


async def close_clients() -> None:
    """Close the connections of this event loop."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()


def _format(schema: Mapping[str, JsonValue]) -> ResponseFormatJSONSchema:
    # Not strict: that mode knows fewer schemas, and the answer is checked in any case.
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": dict(schema), "strict": False},
    }


def _given(value: float | None) -> float | Omit:
    return omit if value is None else value


def _client(endpoint: LlmEndpoint) -> AsyncOpenAI:
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    client = clients.get(endpoint)
    if client is None:
        key = endpoint.api_key.get_secret_value() if endpoint.api_key else NO_KEY
        client = clients[endpoint] = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=key,
            timeout=endpoint.timeout_s,
            # Other endpoints are tried, then the task tries again: more layers would multiply.
            max_retries=0,
        )
    return client
