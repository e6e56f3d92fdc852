"""train: a model learned from a table of the Lake, as a flow run of its own."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK, TRAIN, Tier
from neurocortex.forge.report import TrainReport
from neurocortex.requests.pipeline import Estimate, Pipeline, Standard
from neurocortex.requests.request import Request


class TrainRequest(Request):
    """Have a model learned."""

    operation: Literal["train"] = "train"
    spec: str = Field(min_length=1, description="Name of a training spec.")
    promote: bool = Field(True, description="Let it serve if it is better than what serves.")
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")
    forge: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Forge block.")


def _parameters(request: TrainRequest) -> Mapping[str, object]:
    return request.model_dump(include={"spec", "promote", "lake", "forge"})


PIPELINE: Final = Pipeline(
    operation="train",
    family="ml",
    summary="Learns a model from a table of the Lake; it serves if it is better than before.",
    request=TrainRequest,
    result=TrainReport,
    tier=Tier.LOW,
    estimate=lambda request: Estimate(seconds=30.0),  # noqa: ARG005
    standard=Standard(deployments={Tier.LOW: TRAIN}, parameters=_parameters),
    writes=True,
)
