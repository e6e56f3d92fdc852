"""`neurocortex privacy`: a person's data, found and erased."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neurocortex.embedded.running import Running
    from neurocortex.erasure.erasing import Copies
    from neurocortex.erasure.subject import Subject
    from neurocortex.lake.store import Lake

app = typer.Typer(
    no_args_is_help=True,
    help="""Find what is stored about a person, and erase it.

Looked through are documents and their former versions, tables and theirs, quarantine, dead letters,
requests and batches, what Prefect keeps of runs, results and logs; encrypted values and pseudonyms,
too. Backups that hold copies are named; sources are not looked through.""",
)

Told = Annotated[
    str,
    typer.Option("--subject", help="What tells the person: a name, an address, a number."),
]
Backups = Annotated[
    list[Path] | None,
    typer.Option(
        "--backups",
        help="Another folder with backups; those in the home folder are read anyway. Repeatable.",
        exists=True,
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as a JSON object.")]


@app.command()
def find(subject: Told, backups: Backups = None, as_json: AsJson = False) -> None:
    """Show what is stored about a person; change nothing."""
    from neurocortex.cli.erasing import stores_of
    from neurocortex.erasure import erasing

    with _opened(subject) as (running, lake, person):
        found = erasing.find(stores_of(running, lake), person)
        _show(found, running, person, backups, as_json=as_json)


@app.command()
def erase(
    subject: Told,
    backups: Backups = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase what is stored about a person, for good.

    Documents, runs that have ended and their results go as a whole. All cached results go, since
    what they were computed from is not known. Requests that Redis still tracks end by themselves.
    """
    from neurocortex.cli import erasing as commands
    from neurocortex.erasure import erasing

    if as_json and not yes:
        raise typer.BadParameter("--json has no room for a question: add --yes")
    with _opened(subject) as (running, lake, person):
        if not yes:
            found = erasing.find(commands.stores_of(running, lake), person)
            _show(found, running, person, backups, as_json=False)
            what = "Erase all of this, and" if found.count else "Remove"
            typer.confirm(f"{what} all cached results?", abort=True)
        erased = commands.erase(running, lake, person)
        _show(erased, running, person, backups, as_json=as_json)


@contextmanager
def _opened(subject: str) -> "Iterator[tuple[Running, Lake, Subject]]":
    from neurocortex.cli.erasing import person
    from neurocortex.cli.lake_opening import opened_lake

    with opened_lake() as (running, lake):
        try:
            told = person(running, subject)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        yield running, lake, told


def _show(
    copies: "Copies",
    running: "Running",
    subject: "Subject",
    others: "Sequence[Path] | None",
    *,
    as_json: bool,
) -> None:
    from neurocortex.backup.backups import FOLDER
    from neurocortex.cli import privacy_results
    from neurocortex.cli.erasing import prefect_database
    from neurocortex.erasure.files import backups_about

    folders = (running.home.folder / FOLDER, *(others or ()))
    backups = [each for folder in folders for each in backups_about(folder, subject)]
    if as_json:
        typer.echo(privacy_results.as_json(copies, backups))
        return
    privacy_results.show(copies, backups)
    if prefect_database(running) is None:
        typer.echo(
            f"The Prefect server at {running.api_url} has a database of its own: what it keeps of"
            " runs was not looked through."
        )
