"""run-pipeline: a Haystack pipeline that is described in YAML, run in sight."""

from typing import Annotated

from prefect import flow
from pydantic import Field, JsonValue

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.selection.limits import Limits
from tasks.haystack_pipelines import run_described
from tasks.publish_failure import failure_shown
from tasks.publish_pipeline import publish_pipeline


@flow(
    name="run-pipeline",
    flow_run_name="run {pipeline}",
    description="Runs a Haystack pipeline that is described in YAML: a shipped one, or your own.",
    persist_result=True,
)
async def run_pipeline(
    pipeline: Annotated[str, Field(min_length=1, examples=["document_qa"])],
    inputs: Annotated[dict[str, JsonValue], Field(examples=[{"query": "Which tiers are there?"}])],
    parameters: dict[str, JsonValue] | None = None,
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    choose: Limits | None = None,
) -> PipelineOutcome:
    """Run a Haystack pipeline that is described in YAML.

    Args:
        pipeline: Its name: search, document_qa, summarise, indexing, or that of a file in the
            folder of NEUROCORTEX_PIPELINES__FOLDER.
        inputs: What it takes, by the names its file gives, such as {"query": "..."}.
        parameters: Values in place of its file's defaults, such as {"collection": "papers"}.
        lake: Name of the Lake block that it reads from and writes to.
        choose: Where a component's provider is `auto`, which ones may be chosen. Leave it empty to
            allow all.

    Raises:
        HaystackError: there is no such pipeline, its file or an input is wrong, a component failed.
        ConnectorError: the Lake or an LLM does not answer.
    """
    with failure_shown("pipeline-report", f"The pipeline {pipeline} failed"):
        outcome = await run_described(pipeline, parameters or {}, inputs, lake, choose)
        publish_pipeline(outcome)
        return outcome
