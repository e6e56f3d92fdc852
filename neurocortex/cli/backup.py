"""`neurocortex backup`: copies of the databases, files and keys, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neurocortex.backup.backups import Backup, Place
    from neurocortex.embedded.running import Running

app = typer.Typer(
    no_args_is_help=True,
    help="""Back the platform up, and restore it.

A backup is a folder with the databases, the models, your datasets, training specs and pipelines,
and the keys of what is encrypted: whoever has it can read everything. Redis is not in it: what it
holds is made again.""",
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
    where = folder or running.home.folder / backups.FOLDER
    made = backups.create(_place(running), where)
    pruned = backups.prune(where, keep) if keep else 0
    if as_json:
        _print_json(made)
        return
    typer.echo(f"{made.folder}: {_size(made)}.")
    if pruned:
        typer.echo("1 older one deleted." if pruned == 1 else f"{pruned} older ones deleted.")


@app.command("list")
def list_backups(folder: Folder = None) -> None:
    """List the backups, the youngest first."""
    from neurocortex.backup import backups
    from neurocortex.cli.console import console, table
    from neurocortex.settings import load

    where = folder or load().settings.home.absolute() / backups.FOLDER
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

    What `privacy erase` has erased since it was made is erased again. The platform must be up, and
    nothing work on it. Start it again afterwards.
    """
    from neurocortex.backup import backups
    from neurocortex.cli import erasing
    from neurocortex.cli.forgetting import forget_collection, forget_snapshots
    from neurocortex.lake.store import Lake

    running = _running()
    place = _place(running)
    erasures = erasing.on_record(running, backup)
    restored = backups.restore(place, backup, replace=replace)
    forget_snapshots(running)
    with Lake(place.database_url) as lake:
        again = erasing.erase_again(running, lake, erasures, restored)
        for each in lake.collections():
            forget_collection(running, each.name)
    if again:
        typer.echo(f"Erased since that backup was made, and now again: {_persons(again)}.")
    typer.echo(
        f"Restored {_size(restored)}, as of {restored.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC."
        " Start the platform again: `neurocortex down`, then `neurocortex up`."
    )


def _running() -> "Running":
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    return find(load().settings)


def _place(running: "Running") -> "Place":
    from neurocortex.backup.backups import MODELS, Place
    from neurocortex.backup.folders import SPECS, Folder
    from neurocortex.cli.erasing import keys_file, prefect_database
    from neurocortex.errors import NotRunningError
    from neurocortex.forge import store
    from neurocortex.settings import variable

    url = running.database_url
    if url is None:
        raise NotRunningError("The database", variable("database_url"))
    chosen = running.settings
    written = {
        "datasets": chosen.datasets.folder,
        "training": chosen.forge.folder,
        "pipelines": chosen.pipelines.folder,
    }
    folders = {name: Folder(path.absolute(), SPECS) for name, path in written.items()}
    return Place(
        database_url=url,
        prefect_url=prefect_database(running),
        keys=keys_file(running),
        folders={MODELS: Folder(running.home.folder / store.MODELS), **folders},
    )


def _size(backup: "Backup") -> str:
    found = backup.manifest
    counts = (
        (found.documents, "document"),
        (found.tables, "table"),
        (found.files, "file"),
    )
    parts = [f"{count} {one if count == 1 else f'{one}s'}" for count, one in counts]
    return f"{', '.join(parts)}, {found.bytes / 1e6:.1f} MB"


def _persons(count: int) -> str:
    return "1 person" if count == 1 else f"{count} persons"


def _print_json(backup: "Backup") -> None:
    import json

    shown = {"folder": str(backup.folder), **backup.manifest.model_dump(mode="json")}
    typer.echo(json.dumps(shown, indent=2))
