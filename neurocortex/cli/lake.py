"""`neurocortex lake`: versions of collections and tables, and files of them."""

from typing import Annotated

import typer

from neurocortex.cli import lake_files, reembed

app = typer.Typer(
    no_args_is_help=True,
    help="""Versions of a collection or table, and files of them.

Each load makes a version. Returning to one is a load too: it can be undone in the same way.""",
)
app.command("export")(lake_files.write)
app.command("import")(lake_files.read)
app.command()(reembed.reembed)

Name = Annotated[
    str, typer.Argument(help="A collection, or a dataset's table (data.NAME).", metavar="NAME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command()
def versions(name: Name, as_json: AsJson = False) -> None:
    """List the versions that are kept, the newest first."""
    from neurocortex.cli import lake_results
    from neurocortex.cli.lake_opening import opened_lake
    from neurocortex.lake.versions import history

    with opened_lake() as (_, lake):
        found = history.versions(lake, name)
    if as_json:
        typer.echo(lake_results.versions_as_json(found))
    else:
        lake_results.show_versions(found)


@app.command()
def rollback(
    name: Name,
    to: Annotated[int, typer.Option(min=0, help="The version to return to.")],
    as_json: AsJson = False,
) -> None:
    """Return to a version, in one transaction.

    Documents or rows that came since go, those that went since come back. Vectors and the lexical
    index go along, and cached answers end.
    """
    from neurocortex.cli import lake_results
    from neurocortex.cli.forgetting import forget_collection
    from neurocortex.cli.lake_opening import opened_lake
    from neurocortex.lake.versions import history

    with opened_lake() as (running, lake):
        done = history.rollback(lake, name, to)
        forget_collection(running, done.target)
    if as_json:
        typer.echo(done.model_dump_json(indent=2))
    else:
        lake_results.show_rollback(done)
