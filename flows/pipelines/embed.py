"""embed: texts as vectors, by the model of a collection."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.caching import COLLECTION
from tasks.vectors import Embedded, embed_texts

MAX_TEXTS: Final = 128
"""Of one request: more belong into a batch or a load."""

CACHED_S: Final = 3600.0

MS_PER_TEXT: Final = 0.5


class EmbedRequest(Request):
    """Ask for the vectors of texts."""

    operation: Literal["embed"] = "embed"
    texts: tuple[Annotated[str, StringConstraints(max_length=100_000)], ...] = Field(
        min_length=1, max_length=MAX_TEXTS, description="A vector comes back for each, in order."
    )
    collection: str | None = Field(
        None, min_length=1, description="Whose model embeds them. Unset: the settings' model."
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


async def _serve(request: EmbedRequest, steps: Steps) -> Embedded:
    return await steps.batched(embed_texts, request.texts, request.lake, request.collection)


def _tags(request: EmbedRequest) -> tuple[str, ...]:
    return (COLLECTION.format(collection=request.collection),) if request.collection else ()


PIPELINE: Final = Pipeline(
    operation="embed",
    family="ml",
    summary="Returns the vectors of texts, by the model of a collection.",
    request=EmbedRequest,
    result=Embedded,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=0.002 + len(request.texts) * MS_PER_TEXT / 1000),
    realtime=_serve,
    caching=Caching(ttl_s=CACHED_S, tags=_tags),
)
