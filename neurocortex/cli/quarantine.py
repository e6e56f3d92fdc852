"""`neurocortex quarantine`: rows and documents that a gate refused."""

from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neurocortex.cli.correcting import Correcting

AT_ONCE: Final = 10_000
"""Entries that one command works on, at most: some megabytes, and a few seconds of a gate."""

app = typer.Typer(
    no_args_is_help=True,
    help="""Look at what gates refused, put it right, and load it.

A row of a dataset is kept with its values, as its table would hide them; of a document its start is
kept, and it is read again where it lies.""",
)

Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of entries.", metavar="[ID]...")]
Target = Annotated[
    str | None, typer.Option(help="Entries of this collection or table (data.NAME) only.")
]
Rule = Annotated[str | None, typer.Option(help="Entries that this rule refused only.")]
Dataset = Annotated[
    str | None,
    typer.Option(help="Dataset of the rows, or its YAML. Unset: the one with that table."),
]
By = Annotated[str | None, typer.Option(help="Who does it. Unset: the user that runs it.")]


@app.command("list")
def list_entries(
    target: Target = None,
    rule: Rule = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were released, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=AT_ONCE, help="How many, at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as a JSON list.")] = False,
) -> None:
    """List what was refused, the last first."""
    from neurocortex.cli import quarantine_results

    with _opened() as work:
        found = work.entries(None, target, rule, is_released=None if every else False, limit=limit)
    if as_json:
        typer.echo(quarantine_results.as_json(found))
    else:
        quarantine_results.show_list(found)


@app.command()
def show(
    ids: Ids = None,
    target: Target = None,
    rule: Rule = None,
    dataset: Dataset = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the rows to this .csv or .jsonl, to be corrected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as a JSON list.")] = False,
) -> None:
    """Show entries: why they were refused, what is kept."""
    from neurocortex.cli import quarantine_results

    _require_choice(ids, target)
    with _opened() as work:
        found = work.entries(ids, target, rule)
        if out is not None:
            written = work.export(found, dataset, out)
            typer.echo(f"{written} {'row' if written == 1 else 'rows'} written to {out}.")
            return
    if as_json:
        typer.echo(quarantine_results.as_json(found))
    else:
        quarantine_results.show_entries(found)


@app.command()
def fix(
    ids: Ids = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="A column's new value; once for each.", metavar="COLUMN=VALUE"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Corrected rows (.csv, .jsonl), or a document's text."),
    ] = None,
    dataset: Dataset = None,
    by: By = None,
) -> None:
    """Correct values of rows, or a document's text.

    Nothing is loaded yet: `quarantine release` does that. Personal values are kept encrypted.
    """
    if (values is None) == (source is None):
        raise typer.BadParameter("give either --set or --from")
    changes = dict(map(_assignment, values or ()))
    if changes and not ids:
        raise typer.BadParameter("give the numbers of the entries")
    with _opened() as work:
        if source is None:
            count = work.correct_rows(work.entries(ids, None, None), dataset, changes, _who(by))
        else:
            count = work.correct_from(ids or (), dataset, source, _who(by))
    if count == 0:
        typer.echo("Nothing to correct: the values are as they were.")
        return
    what, them = ("1 entry", "it") if count == 1 else (f"{count} entries", "them")
    typer.echo(f"{what} corrected. `neurocortex quarantine release` loads {them}.")


@app.command()
def release(
    ids: Ids = None,
    target: Target = None,
    rule: Rule = None,
    dataset: Dataset = None,
    by: By = None,
) -> None:
    """Hold entries to their gate again; load those that pass.

    The exit code is 1 if some still do not.
    """
    from neurocortex.cli import quarantine_results

    _require_choice(ids, target)
    with _opened() as work:
        outcomes = work.release(
            work.entries(ids, target, rule, is_released=False), dataset, _who(by)
        )
    quarantine_results.show_released(outcomes)
    if any(outcome.refused for outcome in outcomes):
        raise typer.Exit(1)


def _require_choice(ids: "Sequence[int] | None", target: str | None) -> None:
    if not ids and target is None:
        raise typer.BadParameter("give numbers of entries, or --target")


def _assignment(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{text!r} is not COLUMN=VALUE")
    return name.strip(), value or None


def _who(by: str | None) -> str:
    return by or getuser()


@contextmanager
def _opened() -> "Iterator[Correcting]":
    from neurocortex.cli.correcting import Correcting
    from neurocortex.cli.lake_opening import opened_lake

    with opened_lake() as (running, lake):
        yield Correcting(lake, running.settings)
