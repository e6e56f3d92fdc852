"""A model's training as a person reads it in the Prefect UI."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.forge.report import TrainReport
from tasks.markdown import plain
from tasks.options import STEP

BAR_CELLS = 20
SHOWN = 12
"""Features, the weightiest first."""


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_training(report: TrainReport) -> None:
    """Leave the scores, the weight of each feature and the data's version as an artifact."""
    create_markdown_artifact(
        render(report), key="training-report", description=f"Model {report.model}"
    )


def render(report: TrainReport) -> str:
    """Return the report as Markdown."""
    scores, lineage = report.scores, report.lineage
    folds = ", ".join(f"{score:.3f}" for score in scores.folds)
    serves = "It serves now" if report.promoted else "It does not serve"
    champion = "none" if report.champion is None else f"{report.champion:.3f}"
    version = "not registered" if report.version is None else f"version {report.version}"
    lines = [
        f"## Model {plain(report.model)}: {version}",
        "",
        f"{serves}: {plain(report.reason)}.",
        "",
        f"| {plain(scores.metric)} | more is better |",
        "| --- | ---: |",
        f"| rows it has not seen | **{scores.held_out:.3f}** |",
        f"| the version that served before, same rows | {champion} |",
        f"| without any feature, same rows | {scores.baseline:.3f} |",
        f"| cross-validation on the other rows | {folds} |",
        "",
        "| feature | what is lost without it | |",
        "| --- | ---: | --- |",
    ]
    most = max((each.loss for each in report.importances), default=0.0)
    for each in report.importances[:SHOWN]:
        cells = round(BAR_CELLS * max(each.loss, 0.0) / most) if most > 0 else 0
        lines.append(f"| {plain(each.feature)} | {each.loss:.3f} | {'█' * cells} |")
    lines += [
        "",
        (
            f"{plain(report.estimator)}, learned from version {lineage.version} of"
            f" `data.{lineage.table}` ({lineage.rows} rows, SHA-256 `{lineage.digest[:12]}`)"
            f" in {report.seconds:.1f} s."
        ),
    ]
    return "\n".join(lines)
