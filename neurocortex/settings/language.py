"""How questions are answered, and the LLM."""

from pydantic import Field, SecretStr

from neurocortex.settings.group import URL_PATTERN, Group


class AnswerSettings(Group):
    """How questions are answered."""

    max_question_chars: int = Field(4000, ge=1, description="Longer questions are refused.")
    passages: int = Field(5, ge=1, le=50, description="Passages an answer is drawn from.")


class LlmSettings(Group):
    """The LLM that writes answers. Without one they are extracted."""

    base_url: str | None = Field(
        None, pattern=URL_PATTERN, description="OpenAI-compatible endpoint, http://host/v1 say."
    )
    model: str | None = Field(None, description="Model name at that endpoint.")
    api_key: SecretStr | None = Field(None, description="Key of that endpoint.")
    timeout_s: float = Field(60.0, gt=0, description="A call that takes longer fails.")
    prompt_price: float = Field(
        0.0, ge=0, description="Of a million tokens that are sent, in your currency."
    )
    completion_price: float = Field(
        0.0, ge=0, description="Of a million tokens that are written, in your currency."
    )
    tenant_tokens_per_day: int | None = Field(
        None,
        ge=1,
        description="Tokens, in and out, that the requests of each tenant may use of all LLMs in a"
        " day (UTC). Unset: as many as they take.",
    )
