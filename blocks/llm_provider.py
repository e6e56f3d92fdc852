"""An LLM provider: any OpenAI-compatible endpoint."""

from typing import ClassVar

import httpx
from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.logos import logo_url
from neurocortex.domain.endpoints import LlmEndpoint


class LLMProvider(Block):
    """An LLM provider is a model behind any OpenAI-compatible endpoint, hosted or your own.

    Example:
        See which model answers:

        ```python
        from blocks import LLMProvider

        provider = LLMProvider.load("BLOCK_NAME")
        endpoint = provider.connect()
        print(endpoint.model, provider.check() or "answers")
        ```
    """

    _block_type_name: ClassVar[str | None] = "LLM Provider"
    _block_type_slug: ClassVar[str | None] = "llm-provider"
    _logo_url: ClassVar[HttpUrl | None] = logo_url("llm-provider")
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://platform.openai.com/docs/api-reference/chat"
    )

    base_url: str = Field(
        default=...,
        title="Base URL",
        pattern=r"^https?://.+",
        description="Endpoint up to and with the version, e.g. http://127.0.0.1:8000/v1.",
    )
    model: str = Field(default=..., min_length=1, description="Model name at that endpoint.")
    api_key: SecretStr | None = Field(
        default=None, title="API key", description="Key, where the endpoint asks for one."
    )
    timeout_s: float = Field(
        default=60.0,
        gt=0,
        title="Timeout",
        description="Seconds after which a call is given up.",
    )
    max_tokens: int = Field(
        default=1024, ge=1, description="Longest answer, in tokens of the model."
    )
    prompt_price: float = Field(
        default=0.0,
        ge=0,
        title="Prompt price",
        description="Price of a million tokens that are sent, in your currency.",
    )
    completion_price: float = Field(
        default=0.0,
        ge=0,
        title="Completion price",
        description="Price of a million tokens that are written, in your currency.",
    )

    def connect(self) -> LlmEndpoint:
        """Return the endpoint for the engines; nothing is called yet."""
        return LlmEndpoint(
            base_url=self.base_url,
            model=self.model,
            api_key=self.api_key,
            timeout_s=self.timeout_s,
            max_tokens=self.max_tokens,
            prompt_price=self.prompt_price,
            completion_price=self.completion_price,
        )

    def check(self) -> str | None:
        """Return what is wrong with the provider in one sentence, or None."""
        key = self.api_key.get_secret_value() if self.api_key else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        url = f"{self.base_url.rstrip('/')}/models"
        try:
            answer = httpx.get(url, headers=headers, timeout=self.timeout_s)
        except httpx.HTTPError as error:
            return f"{self.base_url} does not answer ({error}): start it, or correct the base URL."
        if answer.status_code in (401, 403):
            return f"{self.base_url} refuses the API key: correct it in the block."
        if not answer.is_success:
            return f"{url} answers {answer.status_code}: is the base URL OpenAI-compatible?"
        offered = _model_names(answer)
        if offered and self.model not in offered:
            return f"{self.base_url} offers no model {self.model!r}; it has {', '.join(offered)}."
        return None


def _model_names(answer: httpx.Response) -> list[str]:
    """Return the ids in a `GET /models` answer; empty where an endpoint lists none."""
    try:
        return [str(model["id"]) for model in answer.json()["data"]]
    except (ValueError, KeyError, TypeError):
        return []
