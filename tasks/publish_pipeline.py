"""What a Haystack pipeline returned, as a person reads it in the Prefect UI."""

import json

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.pipeline_runs import PipelineOutcome
from tasks.markdown import plain
from tasks.options import STEP

SHOWN_CHARS = 2000
"""Of an output; the run's result has the whole."""


@task(**STEP, task_run_name="publish the outputs", cache_policy=NO_CACHE)
def publish_pipeline(outcome: PipelineOutcome) -> None:
    """Leave the outputs, and what each component took, as an artifact."""
    create_markdown_artifact(
        render(outcome), key="pipeline-report", description=f"Pipeline {outcome.pipeline}"
    )


def render(outcome: PipelineOutcome) -> str:
    """Return the outcome as Markdown."""
    lines = [f"## Pipeline {plain(outcome.pipeline)}"]
    for name, value in outcome.outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        cut = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
        lines += ["", f"**{plain(name)}**", "", *(f"    {line}" for line in cut.splitlines())]
    lines += ["", "| component | kind | seconds |", "| --- | --- | ---: |"]
    lines += [
        f"| {plain(each.component)} | {plain(each.type)} | {each.seconds:.3f} |"
        for each in outcome.components
    ]
    return "\n".join(lines)
