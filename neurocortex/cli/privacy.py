"""`neurocortex privacy`: a person's data, found and erased."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurocortex.embedded.running import Running
    from neurocortex.erasure.erasing import Copies
    from neurocortex.erasure.subject import Subject
    from neurocortex.lake.store import Lake

app = typer.Typer(
    no_args_is_help=True,
    help="""Find what is stored about a person, and erase it.

Looked through are documents and their former versions, tables and theirs, quarantine, dead letters,
requests and batches; encrypted values and pseudonyms, too. Backups and sources are not.""",
)

Told = Annotated[
    str,
    typer.Option("--subject", help="What tells the person: a name, an address, a number."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as a JSON object.")]


@app.command()
def find(subject: Told, as_json: AsJson = False) -> None:
    """Show what is stored about a person; change nothing."""
    from neurocortex.erasure import erasing

    with _opened(subject) as (_, lake, person):
        _show(erasing.find(lake, person), as_json=as_json)


@app.command()
def erase(
    subject: Told,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase what is stored about a person, for good.

    Documents go as a whole. All cached results end, since what they were computed from is not
    known. Requests that Redis still tracks end by themselves.
    """
    from neurocortex.cli.forgetting import forget_everything
    from neurocortex.erasure import erasing

    with _opened(subject) as (running, lake, person):
        if not yes:
            found = erasing.find(lake, person)
            _show(found, as_json=False)
            if not found.count:
                return
            typer.confirm("Erase all of this?", abort=True)
        erased = erasing.erase(lake, person)
        forget_everything(running, lake)
    _show(erased, as_json=as_json)


@contextmanager
def _opened(subject: str) -> "Iterator[tuple[Running, Lake, Subject]]":
    from neurocortex.cli.lake_opening import opened_lake
    from neurocortex.datasets.catalog import catalog
    from neurocortex.erasure.subject import Subject, places_of
    from neurocortex.privacy.opening import keyring

    with opened_lake() as (running, lake):
        places = places_of(catalog(running.settings.datasets.folder))
        try:
            person = Subject(subject, keyring, places)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        yield running, lake, person


def _show(copies: "Copies", *, as_json: bool) -> None:
    from neurocortex.cli.console import console, table

    if as_json:
        typer.echo(copies.model_dump_json(indent=2))
        return
    shown = table("place", "count", "sources")
    for name, sources in copies.documents.items():
        shown.add_row(f"collection {name}", str(len(sources)), ", ".join(sources))
    for name, count in copies.rows.items():
        shown.add_row(name, str(count), "")
    if shown.row_count:
        console().print(shown)
    else:
        typer.echo("Nothing is stored about that person.")
