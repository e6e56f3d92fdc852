"""predict: what a model of the Forge says about rows."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.forge.predicting import Predicted
from neurocortex.forge.schema import Value
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.predictions import Asked, predicted

MAX_ROWS: Final = 1000
"""Of one request: more belong into a batch."""

MS_PER_ROW: Final = 0.1


class PredictRequest(Request):
    """Ask a model about rows."""

    operation: Literal["predict"] = "predict"
    model: str = Field(min_length=1, description="Name of the model.")
    rows: tuple[Mapping[str, Value], ...] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="A value for each feature of the model; null where it is not known.",
    )
    version: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")] = Field(
        "champion", description="Its number, or an alias."
    )
    forge: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Forge block.")


async def _serve(request: PredictRequest, steps: Steps) -> Predicted:
    asked = Asked(request.rows, request.forge, request.model, request.version, request.session)
    return await predicted(asked, steps)


PIPELINE: Final = Pipeline(
    operation="predict",
    family="ml",
    summary="Predicts by the version of a model that serves, with the probability of each class;"
    " while a rollout goes on, by the version that it gives the caller.",
    request=PredictRequest,
    result=Predicted,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(seconds=0.005 + len(request.rows) * MS_PER_ROW / 1000),
    realtime=_serve,
)
