"""chat: a conversation with the LLM of a provider block, written while it is read."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.usage import estimated_tokens
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tasks.asking import providers_of
from tasks.chat import complete_chat

USUAL_ANSWER: Final = 300
"""Tokens."""

TOKENS_PER_S: Final = 50


class ChatRequest(ChoosingRequest):
    """Ask for the next message of a conversation."""

    PROVIDER_FIELD: ClassVar[str] = "provider"

    operation: Literal["chat"] = "chat"
    messages: tuple[ChatMessage, ...] = Field(
        min_length=1, max_length=1000, description="The conversation so far, oldest first."
    )
    max_tokens: int | None = Field(None, ge=1, le=1_000_000, description="Of the answer.")
    temperature: float | None = Field(None, ge=0, le=2, description="Unset: the model's own.")
    provider: str = Field(
        DEFAULT_BLOCK,
        min_length=1,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now.",
    )


async def _serve(request: ChatRequest, steps: Steps) -> Completion:
    async def complete(provider: str) -> Completion:
        return await steps.run(
            complete_chat,
            request.messages,
            request.max_tokens,
            request.temperature,
            steps.emit if request.stream else None,
            provider,
        )

    asked = request.asked(*_tokens(request))
    async with providers_of(request, asked, steps, is_needed=True) as providers:
        completion = await providers.ask(complete)
    return completion.model_copy(update={"choice": providers.choice})


def _tokens(request: ChatRequest) -> tuple[int, int]:
    """Return about how many are sent, and come back."""
    asked = estimated_tokens(*(message.content for message in request.messages))
    return asked, min(request.max_tokens or USUAL_ANSWER, USUAL_ANSWER)


def _estimate(request: ChatRequest) -> Estimate:
    asked, answered = _tokens(request)
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
