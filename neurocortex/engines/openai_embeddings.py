"""Embeddings from any endpoint that speaks OpenAI's protocol.

https://platform.openai.com/docs/api-reference/embeddings
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from openai import OpenAI, OpenAIError

from neurocortex.domain.embedding import Vectors
from neurocortex.engines.openai_errors import translated
from neurocortex.errors import ProviderError, SettingsError
from neurocortex.settings import LakeSettings

BATCH: Final = 128
"""Texts in a request: OpenAI allows 2048 and 300,000 tokens; ours have about 300 each."""

MAX_CHARS: Final = 24_000
"""Longer texts are cut: OpenAI's models read 8,192 tokens and refuse more."""

TIMEOUT_S: Final = 60.0
RETRIES: Final = 3
"""Of one request, inside a load: failing there would undo all that is embedded already."""

SHARE: Final = 0.5
"""Half and half: the usual choice for a neural model, of which we have none to measure."""

NO_KEY: Final = "not-needed"
"""What a local endpoint without keys is sent: the client insists on a value."""


class OpenAIEmbedder:
    """A model behind an endpoint."""

    share: Final = SHARE

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take the model's name and where it is; without `base_url` that is OpenAI itself."""
        self.name = f"openai/{model}"
        self._model = model
        self._base_url = base_url
        self._api_key = api_key or NO_KEY
        self._timeout_s = timeout_s

    @classmethod
    def from_settings(cls, model: str, chosen: LakeSettings) -> "OpenAIEmbedder":
        """Return the model at the endpoint that the settings name.

        Raises:
            SettingsError: neither an address nor a key is set.
        """
        if chosen.embedding_base_url is None and chosen.embedding_api_key is None:
            raise SettingsError(
                "The embedder openai needs NEUROCORTEX_LAKE__EMBEDDING_API_KEY, or"
                " NEUROCORTEX_LAKE__EMBEDDING_BASE_URL for an endpoint without keys."
            )
        key = chosen.embedding_api_key
        return cls(
            model,
            base_url=chosen.embedding_base_url,
            api_key=key.get_secret_value() if key else None,
        )

    @property
    def version(self) -> str:
        """The provider versions by name, so all that can be told apart is the dimension."""
        return f"{self.dimension}d"

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, found out by embedding a word once."""
        return int(self._embed(["dimension"]).shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector for each text.

        Raises:
            ProviderError: the endpoint refused, failed, or gave another number of vectors.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        starts = range(0, len(texts), BATCH)
        return np.concatenate([self._embed(texts[start : start + BATCH]) for start in starts])

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a question as (1, dimension)."""
        return self._embed([text])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        # An empty input is refused by most endpoints.
        inputs = [text[:MAX_CHARS] if text.strip() else "-" for text in texts]
        try:
            # A connection for each call: models are kept for as long as the process lives, and
            # nobody would close theirs.
            with OpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                timeout=self._timeout_s,
                max_retries=RETRIES,
            ) as client:
                answer = client.embeddings.create(
                    model=self._model, input=inputs, encoding_format="float"
                )
        except OpenAIError as error:
            raise translated(self.name, error) from error
        ordered = sorted(answer.data, key=lambda item: item.index)
        lengths = {len(item.embedding) for item in ordered}
        if len(ordered) != len(texts) or len(lengths) != 1:
            raise ProviderError(
                self.name,
                f"it answered {len(texts)} texts with {len(ordered)} vectors"
                f" of {sorted(lengths)} numbers",
            )
        vectors = np.asarray([item.embedding for item in ordered], np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        norms[norms == 0] = 1
        return np.asarray(vectors / norms, np.float32)
