"""`neurocortex lake export` and `neurocortex lake import`: collections and tables as files."""

from pathlib import Path
from typing import Annotated

import typer


def write(
    name: Annotated[
        str, typer.Argument(help="A collection, or a dataset's table (data.NAME).", metavar="NAME")
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Made anew, e.g. docs.parquet.", dir_okay=False)
    ],
) -> None:
    """Write a collection or table to a Parquet file.

    A collection is written with its documents, chunks and vectors, and the model behind them, as of
    one moment; `neurocortex lake import` loads it. A table's file is what a dataset with a source
    of the kind `parquet` reads. An older file of that name is replaced when the new one is whole.
    """
    from neurocortex.cli.console import console
    from neurocortex.cli.lake_opening import opened_lake
    from neurocortex.lake.snapshots import writing

    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.absolute().parent}.")
    with opened_lake() as (_, lake):
        rows = writing.write(lake.engine, name, file)
    console().print(f"{file}: {rows} rows of {name}", soft_wrap=True)


def read(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written by `lake export`.")],
    collection: Annotated[
        str, typer.Option(help="Collection that the documents go to; made when it is new.")
    ],
) -> None:
    """Load a collection's Parquet file, in one transaction.

    Vectors are taken from the file, so no model is asked. Doing it twice changes nothing. A
    collection that has another embedding model than the file is left alone.
    """
    from neurocortex.cli.console import console
    from neurocortex.cli.forgetting import forget_collection
    from neurocortex.cli.lake_opening import opened_lake
    from neurocortex.lake.snapshots import reading

    with opened_lake() as (running, lake):
        done = reading.load(lake, file, collection)
        forget_collection(running, collection)
    console().print(
        f"{collection}: {done.inserted} documents added, {done.replaced} replaced,"
        f" {done.chunks} chunks, {done.embedder}",
        soft_wrap=True,
    )
