"""An ingestion as a person reads it in the Prefect UI."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.reports import IngestReport
from neurocortex.quality.report import GateReport
from tasks.announce import announce_ingestion
from tasks.markdown import plain
from tasks.options import STEP
from tasks.publish_gate import SHOWN_ROWS, publish_gate, publish_quarantine


@task(**STEP, task_run_name="publish the report", cache_policy=NO_CACHE)
def publish_ingestion(report: IngestReport, gate: GateReport) -> None:
    """Leave the counts, the gate's results and what was refused as artifacts."""
    create_markdown_artifact(
        render(report), key="ingest-report", description=f"Collection {plain(report.collection)}"
    )
    publish_gate("ingest-gate", gate)
    if report.quarantined:
        publish_quarantine("ingest-quarantine", report.quarantined, len(report.quarantined))
    if report.near_duplicates:
        publish_near_duplicates(report)
    announce_ingestion(report)


def publish_near_duplicates(report: IngestReport) -> None:
    """Leave one row for each document that says nearly the same as another, of a sample."""
    shown = report.near_duplicates[:SHOWN_ROWS]
    create_table_artifact(
        table=[
            {"document": each.source, "like": each.like, "common": f"{each.share:.0%}"}
            for each in shown
        ],
        key="ingest-near-duplicates",
        description=f"{len(report.near_duplicates)} documents say nearly the same as another one"
        f" (`documents.near_duplicates`). The first {len(shown)} are shown.",
    )


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
    if report.near_duplicates:
        rows.append(("nearly the same as another", len(report.near_duplicates)))
    lines = [f"## Collection {plain(report.collection)}", "", "| what | count |", "| --- | ---: |"]
    lines += [f"| {what} | {count} |" for what, count in rows]
    if report.load:
        again = ", fitted again to the collection as it is now" if report.load.reembedded else ""
        lines += ["", f"Embedded by {plain(report.load.embedder)}{again}."]
        lines += [f"Loaded in one transaction in {report.load.seconds:.1f} s."]
    return "\n".join(lines)
