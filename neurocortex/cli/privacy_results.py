"""Print what is stored about a person, or was."""

import json
from collections.abc import Sequence

import typer

from neurocortex.backup.backups import Backup
from neurocortex.cli.console import console, table
from neurocortex.erasure.erasing import Copies


def as_json(copies: Copies, backups: Sequence[Backup]) -> str:
    """Return it as a JSON object; the backups that hold copies are named by their folders."""
    named = [str(backup.folder) for backup in backups]
    return json.dumps({**copies.model_dump(mode="json"), "backups": named}, indent=2)


def show(copies: Copies, backups: Sequence[Backup]) -> None:
    """Print it: one line for each place, and what stays."""
    shown = table("place", "count", "sources")
    for name, sources in copies.documents.items():
        shown.add_row(f"collection {name}", str(len(sources)), ", ".join(sources))
    for name, count in copies.rows.items():
        shown.add_row(name, str(count), "")
    for name, count in copies.runs.items():
        shown.add_row(f"prefect.{name}", str(count), "")
    for name, count in copies.files.items():
        shown.add_row(name, str(count), "")
    if shown.row_count:
        console().print(shown)
    else:
        typer.echo("Nothing is stored about that person.")
    for name, count in copies.left.items():
        typer.echo(
            f"prefect.{name}: {count} stay. Erase again when the runs have ended; what people set"
            " up is changed in the Prefect UI."
        )
    for backup in backups:
        typer.echo(
            f"{backup.folder} has copies, and is kept until it is deleted, e.g. by `neurocortex"
            " backup create --keep`. Restoring it erases what is erased until then again."
        )
