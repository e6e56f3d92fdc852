"""failing: fails as its text says, after a part where parts are asked for.

`once ...` fails the first time.
"""

from typing import Literal

from neurocortex.domain.deployments import Tier
from neurocortex.errors import CollectionNotFoundError
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tests.integration.gateway.served.common import Answered, Asked

ONCE = "once "

failed: set[str] = set()


class FailingRequest(Asked):
    """Fail."""

    operation: Literal["failing"] = "failing"


async def _serve(request: FailingRequest, steps: Steps) -> Answered:
    if request.stream:
        await steps.emit("a part")
    if request.text == "ours":
        raise CollectionNotFoundError("papers", ())
    if request.text == "bug":
        raise ZeroDivisionError("secret of another tenant")
    if request.text.startswith(ONCE) and request.text not in failed:
        failed.add(request.text)
        raise CollectionNotFoundError("papers", ())
    return Answered(text=request.text)


PIPELINE = Pipeline(
    operation="failing",
    family="nlp",
    summary="Fails.",
    request=FailingRequest,
    result=Answered,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
    writes=True,
)
