"""Requests that need an LLM, and may leave it to the platform which."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from neurocortex.requests.request import Request
from neurocortex.selection.limits import (
    FALLBACKS,
    Fallbacks,
    Limits,
    only_with_a_name,
    only_with_auto,
)
from neurocortex.selection.values import Asked


class ChoosingRequest(Request):
    """A request with a field for the LLM Provider block, which may be `auto`."""

    PROVIDER_FIELD: ClassVar[str] = "llm"

    choose: Limits = Field(
        Limits(), description="With `auto` for the provider: which ones may be chosen."
    )

    fallbacks: Fallbacks = Field((), description=FALLBACKS)

    @property
    def named_provider(self) -> str:
        """The block's name, `auto`, or empty where none is to be asked."""
        return str(getattr(self, self.PROVIDER_FIELD))

    def asked(self, prompt_tokens: int, answer_tokens: int) -> Asked:
        """Return what the choice of a provider depends on; the tokens are estimates."""
        return Asked(
            operation=self.operation,
            prompt_tokens=prompt_tokens,
            answer_tokens=answer_tokens,
            budget_tokens=self.budget.tokens,
            limits=self.choose,
        )

    @model_validator(mode="after")
    def _limits_count(self) -> Self:
        only_with_auto(self.named_provider, self.choose)
        only_with_a_name(self.named_provider, self.fallbacks)
        return self
