"""An operation whose answers the gateway keeps, for `gateway`."""

from typing import Final, Literal

from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps


class KeptRequest(Request):
    """Ask for a text back."""

    operation: Literal["kept"] = "kept"
    text: str = ""


class Kept(BaseModel):
    """The text."""

    text: str


async def _serve(request: KeptRequest, steps: Steps) -> Kept:  # noqa: ARG001 - a pipeline's shape
    return Kept(text=request.text)


PIPELINE: Final = Pipeline(
    operation="kept",
    family="nlp",
    summary="Sends a text back, once.",
    request=KeptRequest,
    result=Kept,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
    caching=Caching(ttl_s=3600, tags=lambda _: ()),
)
