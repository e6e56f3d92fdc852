"""How questions are answered, and the LLM."""

from pathlib import Path

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


class BalancingSettings(Group):
    """How calls of LLMs are spread over the endpoints of a model."""

    region: str | None = Field(
        None, description="Where this platform is: endpoints of the same region come first."
    )
    failures: int = Field(
        3, ge=1, le=100, description="Failures in a row after which an endpoint is left out."
    )
    ejection_s: float = Field(
        5.0,
        gt=0,
        le=3600,
        description="How long it is left out the first time; each further time doubles that.",
    )
    max_ejection_s: float = Field(60.0, gt=0, le=86_400, description="The longest of these times.")
    check_every_s: float = Field(
        5.0, gt=0, le=3600, description="How often each endpoint is asked whether it answers."
    )
    check_timeout_s: float = Field(3.0, gt=0, le=60, description="How long its answer may take.")
    first_token_s: float = Field(
        20.0,
        gt=0,
        le=3600,
        description="An endpoint that has not begun to answer by then is given up, where there is"
        " another one.",
    )
    retry_share: float = Field(
        0.2, ge=0, le=1, description="Further attempts and hedges, as a share of all calls."
    )
    max_waiting: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Calls that may wait for an endpoint of a model, in all processes together.",
    )
    max_wait_s: float = Field(
        10.0, ge=0, le=3600, description="How long a call waits for an endpoint, at most."
    )


class PipelineSettings(Group):
    """Haystack pipelines that are described in YAML."""

    folder: Path = Field(
        Path("pipelines"), description="Folder of your own; one takes a shipped one's place."
    )
    modules: tuple[str, ...] = Field(
        (),
        description="Modules whose components they may have, beside those of Haystack and the"
        " platform: whoever writes a pipeline may run what is in them.",
    )
