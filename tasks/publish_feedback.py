"""What came of feedback, as people read it in the Prefect UI."""

from typing import Final

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.feedback.collecting import CollectReport
from neurocortex.feedback.evaluation import Evaluation, Score
from tasks.markdown import plain
from tasks.options import STEP

CELLS: Final = 30
"""Width of the plot."""


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_collection(report: CollectReport) -> None:
    """Leave what was collected as an artifact."""
    create_markdown_artifact(
        f"## Feedback on {plain(report.model)}\n\n"
        f"{report.labelled:,} rows were labelled since the last time: {report.loaded:,} are in"
        f" `{report.table}` now, {report.refused:,} in quarantine.",
        key="feedback-report",
        description=f"Feedback on {report.model}",
    )


@task(**STEP, task_run_name="publish the evaluation", cache_policy=NO_CACHE)
def publish_evaluation(evaluation: Evaluation) -> None:
    """Leave the scores as a table with a plot."""
    create_markdown_artifact(
        render(evaluation), key="evaluation-report", description=f"Versions of {evaluation.model}"
    )


def render(evaluation: Evaluation) -> str:
    """Return an evaluation as Markdown: each score on a line from the lowest to the highest end."""
    lines = [
        f"## Versions of {plain(evaluation.model)} on {evaluation.rows:,} fresh labelled rows",
        "",
        f"{plain(evaluation.reason)}.",
    ]
    if not evaluation.scores:
        return "\n".join(lines)
    low = min(each.low for each in evaluation.scores)
    high = max(each.high for each in evaluation.scores)
    lines += [
        "",
        f"| version | {plain(evaluation.metric)}, more is better | 95 % of resamples | |",
        "| ---: | ---: | ---: | --- |",
    ]
    for each in evaluation.scores:
        line = _line(each, low, high)
        interval = f"{each.low:.3f} to {each.high:.3f}"
        lines.append(f"| {each.version} | **{each.score:.3f}** | {interval} | `{line}` |")
    return "\n".join(lines)


def _line(score: Score, low: float, high: float) -> str:
    """Return an interval as text, with a mark where the score is."""
    width = (high - low) or 1.0
    first, middle, last = (
        round((CELLS - 1) * (value - low) / width) for value in (score.low, score.score, score.high)
    )
    cells = ["─" if first <= place <= last else "·" for place in range(CELLS)]
    cells[min(CELLS - 1, max(0, middle))] = "●"
    return "".join(cells)
