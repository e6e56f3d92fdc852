"""noting: leaves a trace in the file that BATCH_NOTES names, so that tests see what was done."""

import asyncio
import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tests.integration.gateway.served.common import Answered, Asked


class NotingRequest(Asked):
    """Note a text."""

    operation: Literal["noting"] = "noting"
    seconds: float = Field(0.0, description="It takes so long.")


async def _serve(request: NotingRequest, steps: Steps) -> Answered:
    with Path(os.environ["BATCH_NOTES"]).open("a") as notes:
        notes.write(f"{request.text}\n")
    await asyncio.sleep(request.seconds)
    return Answered(text=request.text)


PIPELINE = Pipeline(
    operation="noting",
    family="nlp",
    summary="Notes a text.",
    request=NotingRequest,
    result=Answered,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=request.seconds),
    realtime=_serve,
)
