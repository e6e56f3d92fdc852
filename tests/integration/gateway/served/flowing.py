"""flowing: is always a flow run, of a deployment that the tests make."""

from typing import Literal

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline, Standard
from tests.integration.gateway.served.common import Answered, Asked


class FlowingRequest(Asked):
    """Run a flow."""

    operation: Literal["flowing"] = "flowing"


PIPELINE = Pipeline(
    operation="flowing",
    family="ml",
    summary="Runs a flow.",
    request=FlowingRequest,
    result=Answered,
    tier=Tier.MEDIUM,
    estimate=lambda _: Estimate(seconds=60),
    standard=Standard(
        deployments={Tier.MEDIUM: "gateway-test/one"},
        parameters=lambda request: {"text": request.text},
    ),
)
