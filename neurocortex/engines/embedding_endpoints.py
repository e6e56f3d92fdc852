"""Where the settings say that embeddings come from."""

from typing import Final

from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.settings import LakeSettings

OPENAI_URL: Final = "https://api.openai.com/v1"

TIMEOUT_S: Final = 60.0


def embedding_provider(model: str, chosen: LakeSettings) -> LlmProvider | None:
    """Return a model of embeddings and its endpoints; None: neither an address nor a key is set."""
    key, first = chosen.embedding_api_key, chosen.embedding_base_url
    if key is None and first is None:
        return None
    return LlmProvider(
        endpoints=tuple(
            LlmEndpoint(base_url=url, model=model, api_key=key, timeout_s=TIMEOUT_S)
            for url in (first or OPENAI_URL, *chosen.embedding_more_urls)
        )
    )
