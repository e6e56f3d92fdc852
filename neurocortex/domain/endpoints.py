"""Where a model answers."""

from hashlib import sha256
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from neurocortex.domain.usage import Usage

MILLION = 1_000_000
"""Tokens that a price is for."""

_NAME_CHARS: Final = 16
"""Of a hash: an installation has a handful of endpoints."""


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
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Its share of the calls among endpoints of the same price and region."""
    region: str | None = None
    """Where it is; None: nobody says."""
    max_concurrent: Annotated[int, Field(ge=1)] | None = None
    """Calls at once, of all processes together; None: as many as come."""

    @property
    def name(self) -> str:
        """What processes that share its health call it: address, model and key make it up."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        named = f"{self.base_url}\n{self.model}\n{key}"
        return sha256(named.encode()).hexdigest()[:_NAME_CHARS]

    def usage(self, prompt_tokens: int, completion_tokens: int) -> Usage:
        """Return what one call used."""
        cost = prompt_tokens * self.prompt_price + completion_tokens * self.completion_price
        return Usage(
            calls=1,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost=cost / MILLION,
        )


class LlmProvider(BaseModel):
    """One model, and all endpoints that serve it."""

    model_config = ConfigDict(frozen=True)

    endpoints: Annotated[tuple[LlmEndpoint, ...], Field(min_length=1)]
    hedge: bool = False
    """A call that is slow to begin may be sent to a second endpoint as well."""

    @property
    def model(self) -> str:
        """Name of the model at the first endpoint."""
        return self.endpoints[0].model

    @property
    def max_tokens(self) -> int:
        """Longest answer, in tokens of the model."""
        return self.endpoints[0].max_tokens

    def without_keys(self) -> "LlmProvider":
        """Return the same without secrets: what may be recorded."""
        bare = tuple(each.model_copy(update={"api_key": None}) for each in self.endpoints)
        return self.model_copy(update={"endpoints": bare})
