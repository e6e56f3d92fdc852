"""Embeddings from endpoints that speak OpenAI's protocol, through the balancer as calls of LLMs.

https://platform.openai.com/docs/api-reference/embeddings
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from typing import Final, TypeVar

import numpy as np
from openai import AsyncOpenAI, OpenAIError
from pydantic import SecretStr

from neurocortex.balancing.balancer import Balancer
from neurocortex.balancing.race import Emit
from neurocortex.domain.embedding import Vectors
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.embedding_endpoints import TIMEOUT_S, embedding_provider
from neurocortex.engines.openai_errors import translated
from neurocortex.errors import ProviderError, ProviderRefusedError, SettingsError
from neurocortex.settings import BalancingSettings, LakeSettings, settings

T = TypeVar("T")

BATCH: Final = 128
"""Texts in a request: OpenAI allows 2048 and 300,000 tokens; ours have about 300 each."""

MAX_CHARS: Final = 24_000
"""Longer texts are cut: OpenAI's models read 8,192 tokens and refuse more."""

WAITS_S: Final = (0.5, 1.0, 2.0)
"""Before each further try, once every endpoint failed: inside a load, failing would undo all that
is embedded already."""

LONGEST_WAIT_S: Final = 60.0
"""A provider that wants a longer pause fails the load."""

SHARE: Final = 0.5
"""Half and half: the usual choice for a neural model, of which we have none to measure."""

NO_KEY: Final = "not-needed"
"""What a local endpoint without keys is sent: the client insists on a value."""

logger = logging.getLogger(__name__)


class OpenAIEmbedder:
    """A model behind one endpoint or several."""

    share: Final = SHARE

    def __init__(self, provider: LlmProvider) -> None:
        """Take the model and where it is."""
        self.name = f"openai/{provider.model}"
        self._provider = provider

    @classmethod
    def from_settings(cls, model: str, chosen: LakeSettings) -> "OpenAIEmbedder":
        """Return the model at the endpoints that the settings name.

        Raises:
            SettingsError: neither an address nor a key is set.
        """
        provider = embedding_provider(model, chosen)
        if provider is None:
            raise SettingsError(
                "The embedder openai needs NEUROCORTEX_LAKE__EMBEDDING_API_KEY, or"
                " NEUROCORTEX_LAKE__EMBEDDING_BASE_URL for an endpoint without keys."
            )
        return cls(provider)

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
            ProviderError: the endpoints refused, failed, or gave another number of vectors.
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
        for wait_s in WAITS_S:
            try:
                return _unit(_run(self._called(inputs)))
            except ProviderRefusedError:
                raise
            except ProviderError as error:
                pause_s = max(wait_s, error.retry_after_s or 0.0)
                if pause_s > LONGEST_WAIT_S:
                    raise
                logger.warning("Texts are embedded again in %.1f s: %s", pause_s, error)
                time.sleep(pause_s)
        return _unit(_run(self._called(inputs)))

    async def _called(self, inputs: list[str]) -> list[list[float]]:
        async def attempt(endpoint: LlmEndpoint, _: Emit) -> list[list[float]]:
            return await self._answered(endpoint, inputs)

        return await _balancer().call(self._provider, attempt, deadline_s=2 * TIMEOUT_S)

    async def _answered(self, endpoint: LlmEndpoint, inputs: list[str]) -> list[list[float]]:
        key = endpoint.api_key.get_secret_value() if endpoint.api_key else NO_KEY
        try:
            # A connection for each call: models are kept for as long as the process lives, and
            # nobody would close theirs.
            async with AsyncOpenAI(
                api_key=key,
                base_url=endpoint.base_url,
                timeout=endpoint.timeout_s,
                max_retries=0,  # the balancer's matter
            ) as client:
                answer = await client.embeddings.create(
                    model=endpoint.model, input=inputs, encoding_format="float"
                )
        except OpenAIError as error:
            raise translated(self.name, error) from error
        ordered = sorted(answer.data, key=lambda item: item.index)
        lengths = {len(item.embedding) for item in ordered}
        if len(ordered) != len(inputs) or len(lengths) != 1:
            raise ProviderError(
                self.name,
                f"it answered {len(inputs)} texts with {len(ordered)} vectors"
                f" of {sorted(lengths)} numbers",
            )
        return [item.embedding for item in ordered]


def _unit(found: list[list[float]]) -> Vectors:
    vectors = np.asarray(found, np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    norms[norms == 0] = 1
    return np.asarray(vectors / norms, np.float32)


def _run(work: Coroutine[object, object, T]) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # Somebody embeds on an event loop, as in a notebook: it is held up, but not entered.
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def _balancer() -> Balancer:
    chosen = settings()
    return _balancer_of(chosen.redis_url, chosen.balancing)


@lru_cache(maxsize=4)
def _balancer_of(redis_url: SecretStr | None, chosen: BalancingSettings) -> Balancer:
    # Embeddings come all at once: that they have not begun says nothing before their timeout.
    patient = chosen.model_copy(update={"first_token_s": TIMEOUT_S})
    return Balancer(redis_url.get_secret_value() if redis_url else None, patient)
