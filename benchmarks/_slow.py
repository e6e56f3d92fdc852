"""An operation that takes a while of waiting, as a call of a provider does; for `overload`."""

import asyncio
from typing import Final, Literal

from pydantic import BaseModel, Field

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps


class SlowRequest(Request):
    """Ask for a pause."""

    operation: Literal["slow"] = "slow"
    seconds: float = Field(0.5, ge=0, le=30)


class Slow(BaseModel):
    """How long it was."""

    seconds: float


async def _serve(request: SlowRequest, steps: Steps) -> Slow:  # noqa: ARG001 - a pipeline's shape
    await asyncio.sleep(request.seconds)
    return Slow(seconds=request.seconds)


PIPELINE: Final = Pipeline(
    operation="slow",
    family="nlp",
    summary="Waits, and answers.",
    request=SlowRequest,
    result=Slow,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=request.seconds),
    realtime=_serve,
)
