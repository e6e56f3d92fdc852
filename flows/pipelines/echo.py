"""echo: what is sent comes back. For health checks and for measuring the way there and back."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.domain.deployments import Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.echo import echo_text


class EchoRequest(Request):
    """Ask for a text back."""

    operation: Literal["echo"] = "echo"
    text: str = Field("", max_length=100_000, description="What comes back.")


class Echo(BaseModel):
    """What was sent."""

    model_config = ConfigDict(frozen=True)

    text: str


async def _serve(request: EchoRequest, steps: Steps) -> Echo:
    emit = steps.emit if request.stream else None
    return Echo(text=await steps.run(echo_text, request.text, emit))


PIPELINE: Final = Pipeline(
    operation="echo",
    family="nlp",
    summary="Sends a text back, word by word where a stream is asked for.",
    request=EchoRequest,
    result=Echo,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
)
