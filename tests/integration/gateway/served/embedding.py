"""embed: as the shipped one, with a model that counts letters."""

from flows.pipelines.embed import EmbedRequest
from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tasks.vectors import Embedded


async def _serve(request: EmbedRequest, steps: Steps) -> Embedded:
    vectors = [[float(len(text)), 0.5] for text in request.texts]
    return Embedded(vectors=vectors, model=request.collection or "letters", version="1")


PIPELINE = Pipeline(
    operation="embed",
    family="ml",
    summary="Counts letters.",
    request=EmbedRequest,
    result=Embedded,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
)
