"""An LLM provider: one model behind OpenAI-compatible endpoints."""

from typing import ClassVar, Self
from urllib.parse import urlsplit

import httpx
from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from blocks.logos import logo_url
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider

URL = r"^https?://.+"


class FurtherEndpoint(BaseModel):
    """Another endpoint of the same model. What is left out is as at the first one."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(default=..., title="Base URL", pattern=URL)
    model: str | None = Field(default=None, description="Its name there, if it is another.")
    weight: float = Field(default=1.0, gt=0, description="Twice as many calls with 2 as with 1.")
    region: str | None = Field(default=None, description="Where it is, e.g. eu-west.")
    max_concurrent: int | None = Field(
        default=None, ge=1, title="Calls at once", description="Further ones wait."
    )
    prompt_price: float | None = Field(default=None, ge=0, title="Prompt price")
    completion_price: float | None = Field(default=None, ge=0, title="Completion price")


class LLMProvider(Block):
    """An LLM provider is a model behind OpenAI-compatible endpoints, hosted or your own.

    Example:
        See which model answers:

        ```python
        from blocks import LLMProvider

        provider = LLMProvider.load("BLOCK_NAME")
        print(provider.connect().model, provider.check() or "answers")
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
        pattern=URL,
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
    weight: float = Field(
        default=1.0,
        gt=0,
        description="Its share of the calls, where there are further endpoints: twice as many with"
        " 2 as with 1.",
    )
    region: str | None = Field(
        default=None,
        description="Where it is, e.g. eu-west. Endpoints of the platform's own region come first.",
    )
    max_concurrent: int | None = Field(
        default=None,
        ge=1,
        title="Calls at once",
        description="Further calls wait for an endpoint with room. Empty: as many as come.",
    )
    endpoints: list[FurtherEndpoint] = Field(
        default_factory=list,
        title="Further endpoints",
        description="Others that serve the same model: calls are spread over all, and one that"
        " fails is left out until it answers again.",
    )
    # Apart from `endpoints`: Prefect hides no secrets that are within a list.
    endpoint_keys: SecretDict | None = Field(
        default=None,
        title="Keys of further endpoints",
        description="By base URL, e.g. {'http://127.0.0.1:8001/v1': 'key'}. The API key above"
        " goes to no other host.",
    )
    hedge: bool = Field(
        default=False,
        description="Send a call that is slower to begin than 19 of 20 to a second endpoint as"
        " well, and take the answer that comes first. Both are paid for.",
    )

    @model_validator(mode="after")
    def _keys_are_of_endpoints(self) -> Self:
        unknown = self._keys().keys() - {each.base_url for each in self.endpoints}
        if unknown:
            raise ValueError(
                f"endpoint_keys has {', '.join(sorted(unknown))}, which is no base URL of a further"
                " endpoint"
            )
        return self

    def connect(self) -> LlmProvider:
        """Return the model and its endpoints; nothing is called yet."""
        first = LlmEndpoint(
            base_url=self.base_url,
            model=self.model,
            api_key=self.api_key,
            timeout_s=self.timeout_s,
            max_tokens=self.max_tokens,
            prompt_price=self.prompt_price,
            completion_price=self.completion_price,
            weight=self.weight,
            region=self.region,
            max_concurrent=self.max_concurrent,
        )
        keys = self._keys()
        further = (_further(first, each, keys.get(each.base_url)) for each in self.endpoints)
        return LlmProvider(endpoints=(first, *further), hedge=self.hedge)

    def check(self) -> str | None:
        """Return what is wrong with the provider in one sentence, or None."""
        wrong = [said for each in self.connect().endpoints if (said := _complaint(each))]
        return " ".join(wrong) or None

    def _keys(self) -> dict[str, str]:
        return self.endpoint_keys.get_secret_value() if self.endpoint_keys else {}


def _further(first: LlmEndpoint, other: FurtherEndpoint, key: str | None) -> LlmEndpoint:
    own = other.model_dump(exclude_none=True, include=set(LlmEndpoint.model_fields))
    # Calls at once are of one endpoint; region, too: nobody says that they are in the same place.
    apart = {"region": other.region, "max_concurrent": other.max_concurrent}
    if key is None and _host(other.base_url) == _host(first.base_url) and first.api_key:
        key = first.api_key.get_secret_value()
    secret = {"api_key": SecretStr(key) if key else None}
    return first.model_copy(update={**own, **apart, **secret})


def _host(url: str) -> str | None:
    return urlsplit(url).hostname


def _complaint(endpoint: LlmEndpoint) -> str | None:
    """Return what is wrong with an endpoint in one sentence, or None."""
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    base_url = endpoint.base_url
    url = f"{base_url.rstrip('/')}/models"
    try:
        answer = httpx.get(url, headers=headers, timeout=endpoint.timeout_s)
    except httpx.HTTPError as error:
        return f"{base_url} does not answer ({error}): start it, or correct the base URL."
    if answer.status_code in (401, 403):
        return f"{base_url} refuses the API key: correct it in the block."
    if not answer.is_success:
        return f"{url} answers {answer.status_code}: is the base URL OpenAI-compatible?"
    offered = _model_names(answer)
    if offered and endpoint.model not in offered:
        return f"{base_url} offers no model {endpoint.model!r}; it has {', '.join(offered)}."
    return None


def _model_names(answer: httpx.Response) -> list[str]:
    """Return the ids in a `GET /models` answer; empty where an endpoint lists none."""
    try:
        return [str(model["id"]) for model in answer.json()["data"]]
    except (ValueError, KeyError, TypeError):
        return []
