"""An ingestion as a person reads it in the Prefect UI."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.reports import IngestReport
from neurocortex.quality.report import GateReport
from tasks.announce import announce_ingestion
from tasks.markdown import plain
from tasks.options import STEP
from tasks.publish_gate import publish_gate, publish_quarantine


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_ingestion(report: IngestReport, gate: GateReport) -> None:
    """Leave the counts, the gate's results and what was refused as artifacts."""
    create_markdown_artifact(
        render(report), key="ingest-report", description=f"Collection {plain(report.collection)}"
    )
    publish_gate("ingest-gate", gate)
    if report.quarantined:
        publish_quarantine("ingest-quarantine", report.quarantined, len(report.quarantined))
    announce_ingestion(report)


def render(report: IngestReport) -> str:
    """Return the counts as Markdown."""
    rows = [("files found", report.files), ("documents unchanged", report.unchanged)]
    if report.load:
        rows += [
            ("documents added", report.load.inserted),
            ("documents replaced", report.load.replaced),
            ("chunks written", report.load.chunks),
        ]
    rows.append(("refused", len(report.quarantined)))
    lines = [f"## Collection {plain(report.collection)}", "", "| what | count |", "| --- | ---: |"]
    lines += [f"| {what} | {count} |" for what, count in rows]
    if report.load:
        again = ", fitted again to the collection as it is now" if report.load.reembedded else ""
        lines += ["", f"Embedded by {plain(report.load.embedder)}{again}."]
        lines += [f"Loaded in one transaction in {report.load.seconds:.1f} s."]
    return "\n".join(lines)
