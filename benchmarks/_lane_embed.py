"""embed without a Lake: an LSA model of the process, so that the lane is what is measured."""

from collections.abc import Sequence
from functools import cache
from typing import Literal

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.domain.embedding import Embedder
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps

WORDS = ("lane", "tier", "queue", "slot", "lease", "token", "cache", "batch", "stream", "retry")


class EmbedRequest(Request):
    """Ask for a vector."""

    operation: Literal["embed"] = "embed"
    text: str


class Embedded(BaseModel):
    """A vector."""

    vector: list[float]


@cache
def _model() -> Embedder:
    texts = [
        " ".join(f"{word}{n % 40}{m}" for word in WORDS for m in range(n % 7 + 1))
        for n in range(500)
    ]
    return LsaTrainer().fit(texts)


@task(cache_policy=NO_CACHE, timeout_seconds=10)
def embed(texts: Sequence[str]) -> list[Embedded]:
    """Return the vectors of some texts."""
    return [Embedded(vector=row) for row in _model().embed_documents(texts).tolist()]


async def _serve(request: EmbedRequest, steps: Steps) -> Embedded:
    return await steps.batched(embed, request.text)


PIPELINE = Pipeline(
    operation="embed",
    family="ml",
    summary="For measuring.",
    request=EmbedRequest,
    result=Embedded,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
)
