"""Where a model answers."""

from pydantic import BaseModel, ConfigDict, SecretStr


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
