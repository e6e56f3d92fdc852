"""`neurocortex backup`: copies of the databases and keys, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neurocortex.backup.backups import Backup, Place
    from neurocortex.embedded.running import Running

app = typer.Typer(
    no_args_is_help=True,
    help="""Back the platform up, and restore it.

A backup is a folder with the databases, and the keys of what is encrypted in them: whoever has it
can read everything. Redis is not in it: what it holds is made again.""",
)

Folder = Annotated[
    Path | None,
    typer.Option(help="Where backups are. Unset: `backups` in the platform's home folder."),
]
Chosen = Annotated[Path, typer.Argument(help="Folder of the backup.", metavar="BACKUP")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command()
def create(
    folder: Folder = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Then delete all but so many, the oldest first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back the platform up while it works."""
    from neurocortex.backup import backups

    running = _running()
    where = folder or running.home.folder / "backups"
    made = backups.create(_place(running), where)
    pruned = backups.prune(where, keep) if keep else 0
    if as_json:
        _print_json(made)
        return
    typer.echo(f"{made.folder}: {_size(made)}.")
    if pruned:
        typer.echo(f"{pruned} older ones deleted.")


@app.command("list")
def list_backups(folder: Folder = None) -> None:
    """List the backups, the youngest first."""
    from neurocortex.backup import backups
    from neurocortex.cli.console import console, table
    from neurocortex.settings import load

    where = folder or load().settings.home.absolute() / "backups"
    shown = table("backup", "made at", "holds", "release")
    for each in backups.every(where):
        made_at = each.manifest.made_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        shown.add_row(str(each.folder), made_at, _size(each), each.manifest.release)
    if shown.row_count:
        console().print(shown)
    else:
        typer.echo(f"There is no backup in {where}.")


@app.command()
def verify(backup: Chosen) -> None:
    """Read a backup through; say what is damaged."""
    from neurocortex.backup import backups

    typer.echo(f"{backup} is whole: {_size(backups.verify(backup))}.")


@app.command()
def restore(
    backup: Chosen,
    replace: Annotated[
        bool, typer.Option("--replace", help="Even if the Lake holds something: it goes.")
    ] = False,
) -> None:
    """Put a backup in the place of what the platform holds.

    The platform must be up, and nothing work on it. Start it again afterwards.
    """
    from neurocortex.backup import backups
    from neurocortex.cli.forgetting import forget_collection
    from neurocortex.lake.store import Lake

    running = _running()
    place = _place(running)
    restored = backups.restore(place, backup, replace=replace)
    with Lake(place.database_url) as lake:
        for each in lake.collections():
            forget_collection(running, each.name)
    typer.echo(
        f"Restored {_size(restored)}, as of {restored.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC."
        " Start the platform again: `neurocortex down`, then `neurocortex up`."
    )


def _running() -> "Running":
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    return find(load().settings)


def _place(running: "Running") -> "Place":
    from sqlalchemy.engine import make_url

    from neurocortex.backup.backups import Place
    from neurocortex.embedded.postgres import PREFECT_DATABASE
    from neurocortex.errors import NotRunningError
    from neurocortex.privacy.keys import FILE
    from neurocortex.settings import variable

    url = running.database_url
    if url is None:
        raise NotRunningError("The database", variable("database_url"))
    prefect = make_url(url).set(database=PREFECT_DATABASE)
    embedded = running.settings.prefect_api_url is None
    chosen = running.settings.privacy.keys
    return Place(
        database_url=url,
        prefect_url=prefect.render_as_string(hide_password=False) if embedded else None,
        keys=(chosen or running.home.folder / FILE).absolute(),
    )


def _size(backup: "Backup") -> str:
    found = backup.manifest
    return (
        f"{found.documents} documents, {found.tables} tables of datasets,"
        f" {found.bytes / 1e6:.1f} MB"
    )


def _print_json(backup: "Backup") -> None:
    import json

    shown = {"folder": str(backup.folder), **backup.manifest.model_dump(mode="json")}
    typer.echo(json.dumps(shown, indent=2))
