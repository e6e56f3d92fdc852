"""What came of feedback, as people read it in the Prefect UI."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.feedback.chart import chart
from neurocortex.feedback.collecting import CollectReport
from neurocortex.feedback.evaluation import Evaluation
from tasks.markdown import plain
from tasks.options import STEP
from tasks.picture import shown


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
    """Return an evaluation as Markdown: a picture of the scores, and the figures."""
    lines = [
        f"## Versions of {plain(evaluation.model)} on {evaluation.rows:,} fresh labelled rows",
        "",
        f"{plain(evaluation.reason[:1].upper() + evaluation.reason[1:])}.",
    ]
    if not evaluation.scores:
        return "\n".join(lines)
    best = max(evaluation.scores, key=lambda each: each.score)
    lines += [
        "",
        shown(
            f"{evaluation.metric} of each version with its interval: version {best.version} has the"
            f" highest, {best.score:.3f}",
            chart(evaluation),
        ),
        "",
        f"| version | {plain(evaluation.metric)}, more is better | 95 % of resamples |",
        "| ---: | ---: | ---: |",
    ]
    for each in evaluation.scores:
        interval = f"{each.low:.3f} to {each.high:.3f}"
        lines.append(f"| {each.version} | **{each.score:.3f}** | {interval} |")
    return "\n".join(lines)
