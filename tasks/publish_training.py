"""A model's training as a person reads it in the Prefect UI."""

from typing import Final

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.forge.charts import confusion, importances, residuals, scores
from neurocortex.forge.held_out import Confusion, HeldOut
from neurocortex.forge.report import TrainReport
from tasks.markdown import plain
from tasks.options import STEP
from tasks.picture import shown

SHOWN: Final = 12
"""Features, the weightiest first."""


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_training(report: TrainReport, held_out: HeldOut, target: str) -> None:
    """Leave the scores, what the model got wrong, and what it looks at as an artifact."""
    create_markdown_artifact(
        render(report, held_out, target),
        key="training-report",
        description=f"Model {report.model}",
    )


def render(report: TrainReport, held_out: HeldOut, target: str) -> str:
    """Return the report as Markdown.

    Args:
        report: what came of the training.
        held_out: what the model said of the rows it has not seen.
        target: what is predicted.
    """
    found, lineage = report.scores, report.lineage
    version = "not registered" if report.version is None else f"version {report.version}"
    lines = [
        f"## Model {plain(report.model)}: {version}",
        "",
        f"{_becomes(report)}: {plain(report.reason)}.",
        "",
        *_scores(report),
        "",
        f"### What it said of rows it has not seen: {plain(target)}",
        "",
        _held_out(held_out, target),
        "",
        "### What it looks at",
        "",
        shown(_weights(report), importances.chart(report.importances[:SHOWN], found.metric)),
        "",
        (
            f"{plain(report.estimator)}, learned from version {lineage.version} of"
            f" `data.{lineage.table}` ({lineage.rows:,} rows, SHA-256 `{lineage.digest[:12]}`)"
            f" in {report.seconds:.1f} s."
        ),
    ]
    return "\n".join(lines)


def _becomes(report: TrainReport) -> str:
    if report.promoted:
        return "It serves now"
    return "It is better, and waits to be deployed" if report.better else "It does not serve"


def _scores(report: TrainReport) -> list[str]:
    found = report.scores
    folds = ", ".join(f"{score:.3f}" for score in found.folds)
    champion = "none" if report.champion is None else f"{report.champion:.3f}"
    return [
        shown(
            f"{found.metric} of each fold, of the rows it has not seen, and what it is compared"
            " with: the figures are in the table",
            scores.chart(found, report.champion),
        ),
        "",
        f"| {plain(found.metric)} | more is better |",
        "| --- | ---: |",
        f"| rows it has not seen | **{found.held_out:.3f}** |",
        f"| the version that served before, same rows | {champion} |",
        f"| without any feature, same rows | {found.baseline:.3f} |",
        f"| cross-validation on the other rows | {folds} |",
    ]


def _held_out(held_out: HeldOut, target: str) -> str:
    if isinstance(held_out, Confusion):
        said = f"Confusion matrix: {held_out.right:,} of {held_out.rows:,} rows were recognized"
        return shown(said, confusion.chart(held_out))
    low, high = held_out.bins[0].low, held_out.bins[-1].high
    said = (
        f"Predicted against right numbers of {held_out.rows:,} rows, and how far it was off: the"
        f" right one less the predicted one is {low:.3g} to {high:.3g}"
    )
    return shown(said, residuals.chart(held_out, target))


def _weights(report: TrainReport) -> str:
    named = (f"{each.feature} {each.loss:.3f}" for each in report.importances[:SHOWN])
    return f"What is lost when a feature's values are shuffled: {', '.join(named)}"
