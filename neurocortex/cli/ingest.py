"""`neurocortex ingest`."""

from pathlib import Path
from typing import Annotated

import typer


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders or globs in quotes: txt, md, html, pdf, docx, csv, jsonl.",
        ),
    ],
    collection: Annotated[
        str, typer.Option(help="Collection that the documents go to; made when it is new.")
    ] = "documents",
) -> None:
    """Add documents to a collection.

    Runs the deployment ingest-documents. Doing it twice changes nothing; a changed file replaces
    its older version. What cannot be used (encrypted, empty, no text, ...) is listed with the
    reason, and kept in quarantine.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.results import show_ingestion
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import INGEST
    from neurocortex.domain.reports import IngestReport
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    parameters = {"paths": [absolute(path) for path in paths], "collection": collection}
    show_ingestion(runs.run(INGEST, parameters, IngestReport))


def absolute(path: str) -> str:
    """Return a path or glob so that it means the same in a process in another folder."""
    return str(Path(path).expanduser().absolute())
