"""counted: answers how often it was processed; the gateway keeps its answers.

`for 3 and more` takes three seconds; `standing in` is answered by what does not last.
"""

import asyncio
from itertools import count
from typing import Literal

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tests.integration.gateway.served.common import Answered, Asked

numbers = count(1)


class CountedRequest(Asked):
    """Count."""

    operation: Literal["counted"] = "counted"


async def _serve(request: CountedRequest, steps: Steps) -> Answered:
    match request.text.split():
        case ["for", seconds, *_]:
            await asyncio.sleep(float(seconds))
        case ["standing", "in", *_]:
            return Answered(text=f"{next(numbers)} in place of another")
    return Answered(text=str(next(numbers)))


PIPELINE = Pipeline(
    operation="counted",
    family="nlp",
    summary="Counts.",
    request=CountedRequest,
    result=Answered,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
    caching=Caching(
        ttl_s=60,
        tags=lambda request: (request.text or "none",),
        lasts=lambda answer: not answer.text.endswith("in place of another"),
    ),
)
