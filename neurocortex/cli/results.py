"""Print what flows return."""

from typing import Final

from neurocortex.cli.console import console, table
from neurocortex.domain.answers import Answer, AnswerKind, Citation
from neurocortex.domain.reports import EtlReport, IngestReport

QUARANTINE_SHOWN: Final = 20
"""More lines than this scroll the counts away; the run's artifact has all."""

KIND: Final = {
    AnswerKind.EXTRACTIVE: "quoted from a source",
    AnswerKind.GENERATED: "written by {model}",
    AnswerKind.NONE: "nothing found",
}


def show_ingestion(report: IngestReport) -> None:
    """Print the counts of a load, and what was refused."""
    out = console()
    loaded = report.load.inserted if report.load else 0
    replaced = report.load.replaced if report.load else 0
    chunks = report.load.chunks if report.load else 0
    out.print(
        f"Collection {report.collection}: {loaded} documents added, {replaced} replaced,"
        f" {report.unchanged} unchanged ({report.files} files, {chunks} chunks written)."
    )
    if report.near_duplicates:
        first = report.near_duplicates[0]
        out.print(
            f"{len(report.near_duplicates)} say nearly the same as another document, e.g."
            f" {first.source} as {first.like} ({first.share:.0%} in common).",
            soft_wrap=True,
            markup=False,
        )
    if not report.quarantined:
        return
    out.print(f"{len(report.quarantined)} refused, and kept in quarantine:")
    refused = table("source", "row", "rule", "reason")
    for entry in report.quarantined[:QUARANTINE_SHOWN]:
        row = "" if entry.row is None else str(entry.row)
        refused.add_row(entry.source, row, entry.rule, entry.reason)
    out.print(refused)
    if len(report.quarantined) > QUARANTINE_SHOWN:
        out.print(f"... and {len(report.quarantined) - QUARANTINE_SHOWN} more: see the run.")


def show_answer(answer: Answer) -> None:
    """Print an answer with its numbered sources."""
    out = console()
    out.print(f"\n{answer.text}\n", soft_wrap=True)
    out.print(f"({KIND[answer.kind].format(model=answer.model)})")
    if answer.note:
        out.print(answer.note, soft_wrap=True)
    for citation in answer.citations:
        out.print(f"[{citation.number}] {_place(citation)}", soft_wrap=True)


def show_etl(report: EtlReport) -> None:
    """Print the counts of a table's load."""
    console().print(
        f"Dataset {report.dataset}: {report.loaded} of {report.extracted} rows loaded into"
        f" {report.target}, {report.quarantined} in quarantine ({report.seconds:.1f} s)."
    )


def _place(citation: Citation) -> str:
    """Return e.g. `/docs/manual.pdf, page 3, Safety > Gloves`."""
    passage = citation.passage
    parts = [passage.source]
    if passage.page is not None:
        parts.append(f"page {passage.page}")
    if passage.heading:
        parts.append(passage.heading)
    return ", ".join(parts)
