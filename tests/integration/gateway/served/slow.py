"""slow: `for 3` takes three seconds, `stopped` tells how many were stopped."""

import asyncio
from typing import Literal

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tests.integration.gateway.served.common import Answered, Asked

FOR = "for "

stopped = 0


class SlowRequest(Asked):
    """Wait."""

    operation: Literal["slow"] = "slow"


async def _serve(request: SlowRequest, steps: Steps) -> Answered:
    global stopped
    if request.text == "stopped":
        return Answered(text=str(stopped))
    try:
        if request.stream:
            await steps.emit("begun")
        if request.text.startswith(FOR):
            await asyncio.sleep(float(request.text.removeprefix(FOR)))
    except asyncio.CancelledError:
        stopped += 1
        raise
    return Answered(text="done")


PIPELINE = Pipeline(
    operation="slow",
    family="nlp",
    summary="Waits.",
    request=SlowRequest,
    result=Answered,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.1),
    realtime=_serve,
)
