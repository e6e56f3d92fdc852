"""Answers written by an LLM from numbered passages, as a Haystack pipeline.

The pipeline is prompt builder -> chat generator, after Haystack's own RAG tutorial
(https://docs.haystack.deepset.ai/docs/chatpromptbuilder); retrieval is the Lake's.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from haystack import Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.core.errors import PipelineRuntimeError
from haystack.dataclasses import ChatMessage, StreamingChunk
from haystack.utils import Secret
from pydantic import BaseModel

from neurocortex.domain.chat import Completion
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.openai_errors import FAILURES, translated
from neurocortex.errors import ProviderError

NO_KEY = "not-needed"
"""What a local endpoint without keys is sent: the OpenAI client insists on a value."""


async def generate(
    prompt: str,
    endpoint: LlmEndpoint,
    max_tokens: int | None = None,
    emit: Callable[[str], Awaitable[None]] | None = None,
) -> Completion:
    """Return what the model answers to one prompt.

    Args:
        prompt: rules, question and sources, ready to send; it is passed as a value, so that
            braces in a document are never read as a template.
        endpoint: where the model is.
        max_tokens: of the answer; None for the endpoint's own limit.
        emit: gets each piece of the answer when it comes.

    Raises:
        ProviderError: the endpoint refused, failed, timed out, or answered with nothing.
    """
    generator = _generator(endpoint, max_tokens or endpoint.max_tokens, emit)
    try:
        result = await _pipeline(generator).run_async({"prompt": {"prompt": prompt}})
    except PipelineRuntimeError as error:
        cause = error.__cause__
        if not isinstance(cause, FAILURES):
            raise
        raise translated(endpoint.base_url, cause) from cause
    finally:
        await generator.close_async()
    replies = cast("list[ChatMessage]", result["llm"]["replies"])
    text = (replies[0].text or "").strip() if replies else ""
    if not text:
        raise ProviderError(endpoint.base_url, f"model {endpoint.model} answered with no text")
    told = _Told.model_validate(replies[0].meta)
    return Completion(
        text=text,
        model=endpoint.model,
        finish_reason=told.finish_reason or "stop",
        prompt_tokens=told.usage.prompt_tokens,
        completion_tokens=told.usage.completion_tokens,
    )


class _Counted(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Told(BaseModel):
    """What Haystack tells of an answer: OpenAI's own fields."""

    finish_reason: str | None = None
    usage: _Counted = _Counted()


def _generator(
    endpoint: LlmEndpoint, max_tokens: int, emit: Callable[[str], Awaitable[None]] | None
) -> OpenAIChatGenerator:
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else NO_KEY

    async def hear(chunk: StreamingChunk) -> None:
        if emit is not None and chunk.content:
            await emit(chunk.content)

    return OpenAIChatGenerator(
        api_key=Secret.from_token(key),
        model=endpoint.model,
        api_base_url=endpoint.base_url,
        streaming_callback=hear,
        timeout=endpoint.timeout_s,
        # Other endpoints are tried, then Prefect's task tries again: more layers would multiply.
        max_retries=0,
        generation_kwargs={"max_tokens": max_tokens, "stream_options": {"include_usage": True}},
    )


def _pipeline(generator: OpenAIChatGenerator) -> Pipeline:
    pipeline = Pipeline()
    template = [ChatMessage.from_user("{{ prompt }}")]
    pipeline.add_component("prompt", ChatPromptBuilder(template=template))
    pipeline.add_component("llm", generator)
    pipeline.connect("prompt.prompt", "llm.messages")
    return pipeline
