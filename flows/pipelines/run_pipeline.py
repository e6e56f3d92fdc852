"""run_pipeline: a Haystack pipeline that is described in YAML, a shipped one or the operator's."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue, StringConstraints

from neurocortex.domain.deployments import DEFAULT_BLOCK, RUN_PIPELINE, Tier
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.requests.pipeline import Estimate, Pipeline, Standard
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.selection.limits import Limits
from tasks.haystack_pipelines import run_described

SECONDS: Final = 3.0
"""About what an LLM takes for an answer; a search alone takes a hundredth."""

TOKENS: Final = 2000


class RunPipelineRequest(Request):
    """Have a Haystack pipeline run."""

    operation: Literal["run_pipeline"] = "run_pipeline"
    pipeline: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")] = (
        Field(
            description="Its name: search, document_qa, summarise, indexing, or one of your own.",
            examples=["search"],
        )
    )
    inputs: Mapping[str, JsonValue] = Field(
        description="What it takes, by the names its file gives.",
        examples=[{"query": "Which tiers are there?"}],
    )
    parameters: Mapping[str, JsonValue] = Field(
        {}, description="In place of its file's defaults.", examples=[{"collection": "papers"}]
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")
    choose: Limits = Field(
        Limits(),
        description="Where a component's provider is `auto`: which ones may be chosen.",
    )


async def _serve(request: RunPipelineRequest, steps: Steps) -> PipelineOutcome:
    return await steps.run(
        run_described,
        request.pipeline,
        request.parameters,
        request.inputs,
        request.lake,
        request.choose,
    )


def _parameters(request: RunPipelineRequest) -> Mapping[str, object]:
    return request.model_dump(
        mode="json", include={"pipeline", "inputs", "parameters", "lake", "choose"}
    )


PIPELINE: Final = Pipeline(
    operation="run_pipeline",
    family="nlp",
    summary="Runs a Haystack pipeline that is described in YAML: search, document_qa, your own.",
    request=RunPipelineRequest,
    result=PipelineOutcome,
    tier=Tier.MEDIUM,
    estimate=lambda _: Estimate(seconds=SECONDS, tokens=TOKENS),
    realtime=_serve,
    standard=Standard(deployments={Tier.MEDIUM: RUN_PIPELINE}, parameters=_parameters),
    writes=True,  # some do, and only their components know
)
