"""ingest-documents: find the files, read them, hold them to the gate, load them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from prefect import flow
from pydantic import Field

from neurocortex.documents.source import FILE, SourceFile
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.reports import IngestReport
from neurocortex.errors import NothingIngestedError
from neurocortex.quality.report import GateReport
from tasks.caching import forget_collection
from tasks.documents import (
    discover_documents,
    find_near_duplicates,
    gate_documents,
    loading,
    read_documents,
    read_known_versions,
    record_refused,
    without_near_duplicates,
)
from tasks.publish_failure import failure_shown
from tasks.publish_ingestion import publish_ingestion

BATCH_FILES: Final = 32
"""Files one task reads: a task run costs milliseconds, a file often less."""


@flow(
    name="ingest-documents",
    flow_run_name="ingest into {collection}",
    description="Brings files into a collection of the Lake: new and changed ones, through a gate.",
    persist_result=True,
)
def ingest_documents(
    paths: Annotated[list[str], Field(min_length=1, examples=[["~/papers"]])],
    collection: Annotated[str, Field(min_length=1)] = "documents",
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> IngestReport:
    """Bring files into a collection: new and changed ones, through the quality gate.

    Running it again changes nothing. The load is one transaction: when it fails, the Lake is as
    it was before.

    Args:
        paths: Files, folders or globs on the worker's machine, one a line; txt, md, html, pdf,
            docx, csv and jsonl are read.
        collection: Collection to bring them into; it is made if there is none of that name.
        lake: Name of the Lake block to write to.

    Raises:
        NothingIngestedError: every file was refused; the text lists the reasons.
        LoadError: the load failed and was undone.
        ConnectorError: the Lake does not answer.
    """
    with failure_shown("ingest-report", f"Nothing was loaded into {collection}"):
        report, gate = _ingest(paths, collection, lake)
        publish_ingestion(report, gate)
        if report.quarantined and not (report.load or report.unchanged):
            raise NothingIngestedError(report.quarantined)
        return report


def _ingest(paths: list[str], collection: str, lake: str) -> tuple[IngestReport, GateReport]:
    found = discover_documents(paths)
    known = read_known_versions(lake, collection)
    changed = [file for file in found.files if known.get(str(file.path)) != file.sha256]
    readings = read_documents.map(list(_batches(changed))).result()
    documents = [document for reading in readings for document in reading.documents]
    fresh = [each for each in documents if known.get(each.source) != each.checksum]
    passed = gate_documents(fresh)
    alike = find_near_duplicates(lake, collection, passed.accepted)
    gated = without_near_duplicates(passed, alike)
    unreadable = [entry for reading in readings for entry in reading.refused]
    refused = (*found.refused, *unreadable, *gated.refused)
    removed = _rows_that_went(documents, known, refused)
    load = None
    if gated.accepted or removed:
        load = loading(lake, collection, paths)(lake, collection, gated.accepted, removed, refused)
        forget_collection(collection)
    elif refused:
        record_refused(lake, collection, refused)
    report = IngestReport(
        collection=collection,
        files=len(found.files),
        unchanged=len(found.files) - len(changed) + len(documents) - len(fresh),
        load=load,
        quarantined=refused,
        near_duplicates=alike,
    )
    return report, gated.report


def _batches(files: Sequence[SourceFile]) -> Iterator[Sequence[SourceFile]]:
    for start in range(0, len(files), BATCH_FILES):
        yield files[start : start + BATCH_FILES]


def _rows_that_went(
    documents: Sequence[Document], known: Mapping[str, str], refused: Sequence[Quarantined]
) -> list[str]:
    """Return the sources of rows that a csv or jsonl file held before and holds no more.

    A file with a row that cannot be read keeps all its rows: which one that was is not known.
    """
    now = {document.source for document in documents}
    files = {str(document.metadata[FILE]) for document in documents if FILE in document.metadata}
    files -= {entry.source for entry in refused}
    return [source for source in known if source.partition("#")[0] in files and source not in now]
