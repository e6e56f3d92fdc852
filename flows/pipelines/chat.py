"""chat: a conversation with the LLM of a provider block, written while it is read."""

from typing import Final, Literal

from pydantic import Field

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.usage import estimated_tokens
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.chat import complete_chat

USUAL_ANSWER: Final = 300
"""Tokens."""

TOKENS_PER_S: Final = 50


class ChatRequest(Request):
    """Ask for the next message of a conversation."""

    operation: Literal["chat"] = "chat"
    messages: tuple[ChatMessage, ...] = Field(
        min_length=1, max_length=1000, description="The conversation so far, oldest first."
    )
    max_tokens: int | None = Field(None, ge=1, le=1_000_000, description="Of the answer.")
    temperature: float | None = Field(None, ge=0, le=2, description="Unset: the model's own.")
    provider: str = Field(
        DEFAULT_BLOCK, min_length=1, description="Name of the LLM Provider block."
    )


async def _serve(request: ChatRequest, steps: Steps) -> Completion:
    return await steps.run(
        complete_chat,
        request.messages,
        request.max_tokens,
        request.temperature,
        steps.emit if request.stream else None,
        request.provider,
    )


def _estimate(request: ChatRequest) -> Estimate:
    asked = estimated_tokens(*(message.content for message in request.messages))
    answered = min(request.max_tokens or USUAL_ANSWER, USUAL_ANSWER)
    return Estimate(seconds=0.5 + answered / TOKENS_PER_S, tokens=asked + answered)


PIPELINE: Final = Pipeline(
    operation="chat",
    family="nlp",
    summary="Continues a conversation with the LLM of a provider block; streams as it is written.",
    request=ChatRequest,
    result=Completion,
    tier=Tier.HIGH,
    estimate=_estimate,
    realtime=_serve,
)
