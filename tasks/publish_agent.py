"""What an agent did and answered, as a person reads it in the Prefect UI."""

import json

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.agents import AgentAnswer
from tasks.markdown import plain
from tasks.options import STEP

SHOWN_CHARS = 200
"""Of a tool's result; the run's result has the whole."""


@task(**STEP, task_run_name="publish the answer", cache_policy=NO_CACHE)
def publish_agent(answer: AgentAnswer) -> None:
    """Leave the answer, and each step with what it returned, as an artifact."""
    create_markdown_artifact(render(answer), key="agent-report", description="What the agent did")


def render(answer: AgentAnswer) -> str:
    """Return the answer as Markdown."""
    usage = answer.usage
    lines = ["## What the agent found", "", *(plain(each) for each in answer.text.splitlines())]
    if answer.note:
        lines += ["", f"**{plain(answer.note)}**"]
    lines += [
        "",
        f"{plain(answer.model)}: {usage.calls} calls, {usage.tokens} tokens, cost {usage.cost:g}.",
        "",
        "| step | tool | asked | returned | seconds |",
        "| ---: | --- | --- | --- | ---: |",
    ]
    for step in answer.steps:
        asked = json.dumps(dict(step.arguments), ensure_ascii=False)
        returned = step.result if step.result is not None else f"failed: {step.error}"
        cells = (step.tool or "none", asked, returned)
        shown = " | ".join(plain(each[:SHOWN_CHARS]) for each in cells)
        lines.append(f"| {step.number} | {shown} | {step.seconds:.2f} |")
    return "\n".join(lines)
