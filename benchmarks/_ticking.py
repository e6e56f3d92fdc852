"""An operation that sends parts at a steady pace, each with its number and time; for `streams`."""

import asyncio
import time
from typing import Final, Literal

from pydantic import BaseModel, Field

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps


class TickingRequest(Request):
    """Ask for parts."""

    operation: Literal["ticking"] = "ticking"
    parts: int = Field(50, ge=1)
    every_s: float = Field(0.1, ge=0)


class Ticked(BaseModel):
    """How many there were."""

    parts: int


async def _serve(request: TickingRequest, steps: Steps) -> Ticked:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(1, request.parts + 1):
        await asyncio.sleep(began + number * request.every_s - loop.time())
        await steps.emit(f"{number} {time.time()}")
    return Ticked(parts=request.parts)


PIPELINE: Final = Pipeline(
    operation="ticking",
    family="nlp",
    summary="Sends its number and the time, again and again.",
    request=TickingRequest,
    result=Ticked,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=request.parts * request.every_s),
    realtime=_serve,
)
