"""What calls of language models use up."""

from pydantic import BaseModel, ConfigDict, Field


class Usage(BaseModel):
    """Calls, their tokens, and their cost. Values of several calls add up."""

    model_config = ConfigDict(frozen=True)

    calls: int = Field(0, ge=0, description="Calls of an LLM that were answered, or broken off.")
    prompt_tokens: int = Field(0, ge=0)
    completion_tokens: int = Field(0, ge=0)
    cost: float = Field(0.0, ge=0, description="By the prices of the LLM Provider block.")

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        """Return both together."""
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost=self.cost + other.cost,
        )


CHARS_PER_TOKEN = 4
"""About, in English: OpenAI's rule of thumb."""


def estimated_tokens(*texts: str) -> int:
    """Return about how many tokens texts are, before a provider has counted them."""
    return sum(len(text) for text in texts) // CHARS_PER_TOKEN + 1
