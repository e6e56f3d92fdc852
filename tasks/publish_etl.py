"""A table's load as a person reads it in the Prefect UI."""

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.datasets.staged import EtlOutcome, Staged
from neurocortex.datasets.timeline import Point
from tasks.announce import announce_checks, announce_etl
from tasks.markdown import plain
from tasks.options import STEP
from tasks.publish_data_docs import publish_data_docs
from tasks.publish_drift import publish_drift
from tasks.publish_gate import publish_gate, publish_quarantine
from tasks.publish_history import publish_history


@task(**STEP, task_run_name="publish the gate's results", cache_policy=NO_CACHE)
def publish_checks(staged: Staged, points: Sequence[Point]) -> None:
    """Leave the gate's results, bad rows, drift and the loads before as artifacts.

    It is done before anything is loaded, so that people read it of a load that is stopped, too.
    """
    publish_gate("etl-gate", staged.gate)
    if staged.sample:
        publish_quarantine("etl-quarantine", staged.sample, sum(staged.rules.values()))
    if staged.changes:
        publish_drift(staged.dataset, staged.changes, len(staged.stopping))
    publish_history(staged.dataset, points)
    publish_data_docs(staged)
    announce_checks(staged)


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_etl(staged: Staged, outcome: EtlOutcome) -> None:
    """Leave the counts as an artifact; and the rows set aside, where loading added some."""
    if outcome.report.quarantined > sum(staged.rules.values()):
        publish_quarantine("etl-quarantine", outcome.sample, outcome.report.quarantined)
    create_markdown_artifact(
        render(outcome), key="etl-report", description=f"Dataset {outcome.report.dataset}"
    )
    announce_etl(outcome)


def render(outcome: EtlOutcome) -> str:
    """Return the counts as Markdown: rows in, rows loaded, rows set aside by rule."""
    report = outcome.report
    lines = [
        f"## Dataset {plain(report.dataset)}",
        "",
        (
            f"{report.loaded} of {report.extracted} rows are in `{report.target}`,"
            f" loaded in one transaction ({report.seconds:.1f} s in all)."
        ),
    ]
    if outcome.rules:
        lines += ["", "| set aside by | rows |", "| --- | ---: |"]
        lines += [f"| {plain(rule)} | {count} |" for rule, count in outcome.rules.items()]
    return "\n".join(lines)
