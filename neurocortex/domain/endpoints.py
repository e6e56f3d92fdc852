"""Where a model answers."""

from pydantic import BaseModel, ConfigDict, SecretStr

from neurocortex.domain.usage import Usage

MILLION = 1_000_000
"""Tokens that a price is for."""


class LlmEndpoint(BaseModel):
    """One model behind an OpenAI-compatible endpoint."""

    model_config = ConfigDict(frozen=True)

    base_url: str
    """Up to and with the version, e.g. `http://127.0.0.1:8000/v1`."""
    model: str
    api_key: SecretStr | None = None
    timeout_s: float = 60.0
    max_tokens: int = 1024
    """Longest answer, in tokens of the model."""
    prompt_price: float = 0.0
    """Of a million tokens that are sent, in the operator's currency."""
    completion_price: float = 0.0
    """Of a million tokens that are written."""

    def usage(self, prompt_tokens: int, completion_tokens: int) -> Usage:
        """Return what one call used."""
        cost = prompt_tokens * self.prompt_price + completion_tokens * self.completion_price
        return Usage(
            calls=1,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost=cost / MILLION,
        )
