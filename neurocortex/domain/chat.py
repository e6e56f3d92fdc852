"""A conversation with a language model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.domain.choices import Choice
from neurocortex.domain.strict import Strict


class ChatMessage(Strict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str = Field(max_length=1_000_000)


class Completion(BaseModel):
    """What a model answered."""

    model_config = ConfigDict(frozen=True)

    text: str
    model: str
    finish_reason: str
    """As the provider says: `stop`, or `length` where the answer was cut."""
    prompt_tokens: int | None = None
    """None where the provider does not count."""
    completion_tokens: int | None = None
    choice: Choice | None = None
    """Whose LLM it is, and why that one, where the request left it open."""
