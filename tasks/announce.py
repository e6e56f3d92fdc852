"""Events in Prefect that automations can wait for: what came into the Lake, and what did not."""

from enum import StrEnum

from prefect.events import emit_event

from neurocortex.datasets.staged import EtlOutcome, Staged
from neurocortex.domain.reports import IngestReport


class Occurrence(StrEnum):
    """The names of the events."""

    COLLECTION_LOADED = "neurocortex.collection.loaded"
    DOCUMENTS_QUARANTINED = "neurocortex.documents.quarantined"
    DATASET_LOADED = "neurocortex.dataset.loaded"
    ROWS_QUARANTINED = "neurocortex.rows.quarantined"
    GATE_STOPPED = "neurocortex.gate.stopped"
    DATASET_DRIFTED = "neurocortex.dataset.drifted"


def announce_ingestion(report: IngestReport) -> None:
    """Tell that a collection has new documents, and that some were refused."""
    resource = _resource("collection", report.collection)
    if report.load:
        payload = {
            "inserted": report.load.inserted,
            "replaced": report.load.replaced,
            "chunks": report.load.chunks,
        }
        emit_event(Occurrence.COLLECTION_LOADED, resource, payload=payload)
    if report.quarantined:
        rules = sorted({entry.rule for entry in report.quarantined})
        refused = {"count": len(report.quarantined), "rules": rules}
        emit_event(Occurrence.DOCUMENTS_QUARANTINED, resource, payload=refused)


def announce_checks(staged: Staged) -> None:
    """Tell what a gate refused of a dataset, and that it differs from its earlier loads."""
    resource = _resource("dataset", staged.dataset)
    if staged.changes:
        told = [f"{each.column or 'the table'}: {each.sentence}" for each in staged.changes]
        payload = {"changes": told, "stopped": bool(staged.stopping)}
        emit_event(Occurrence.DATASET_DRIFTED, resource, payload=payload)
    if staged.gate.stopped:
        not_met = [each.expectation.sentence for each in staged.gate.stoppers]
        emit_event(Occurrence.GATE_STOPPED, resource, payload={"not_met": not_met})
    elif staged.rules:
        payload = {"count": sum(staged.rules.values()), "rules": dict(staged.rules)}
        emit_event(Occurrence.ROWS_QUARANTINED, resource, payload=payload)


def announce_etl(outcome: EtlOutcome) -> None:
    """Tell that a dataset's table has new rows."""
    report = outcome.report
    payload = {"loaded": report.loaded, "quarantined": report.quarantined, "table": report.target}
    emit_event(Occurrence.DATASET_LOADED, _resource("dataset", report.dataset), payload=payload)


def _resource(kind: str, name: str) -> dict[str, str]:
    return {
        "prefect.resource.id": f"neurocortex.{kind}.{name}",
        "prefect.resource.name": name,
        "neurocortex.kind": kind,
    }
