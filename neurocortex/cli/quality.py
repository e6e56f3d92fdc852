"""`neurocortex quality`: suites learned from good data, and what has changed since."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from neurocortex.quality.drift import Change

app = typer.Typer(
    no_args_is_help=True,
    help="""Learn what data should be like, and see what has changed.

What is learned is a proposal: read it before you put it into a dataset's YAML file.""",
)


@app.command()
def profile(
    source: Annotated[
        str, typer.Argument(help="A csv or jsonl file, or a dataset.", metavar="PATH|DATASET")
    ],
    out: Annotated[Path | None, typer.Option(help="Write it there instead.")] = None,
    rows: Annotated[int, typer.Option(min=100, help="Rows to look at, chosen at random.")] = 20_000,
) -> None:
    """Propose expectations learned from good data, with the reason for each.

    Of a file it drafts the whole YAML of a dataset, of a dataset its `expectations`.
    """
    from neurocortex.datasets.learning import learned
    from neurocortex.settings import load

    text = learned(source, load().settings.datasets.folder, rows)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")
        typer.echo(f"Written to {out}. Review it before you use it.")


@app.command()
def drift(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, or its YAML file.")],
) -> None:
    """Say what has changed in a dataset's source since its earlier loads.

    Nothing is loaded. The thresholds adapt to what the earlier loads differ among themselves.
    """
    from neurocortex.cli.console import console
    from neurocortex.datasets import history
    from neurocortex.datasets.catalog import find
    from neurocortex.datasets.sampling import reservoir_of
    from neurocortex.quality.drift import changes
    from neurocortex.settings import load

    spec = find(dataset, load().settings.datasets.folder)
    profile = history.profiled(spec, reservoir_of(spec))
    with _lake() as engine, engine.connect() as connection:
        earlier = history.earlier(connection, spec.name)
    found = changes(profile, earlier)
    if not found:
        against = f"{len(earlier)} earlier loads" if earlier else "nothing: it was never loaded"
        console().print(f"{spec.name}: nothing has changed beside {against}.")
        return
    for each in found:
        console().print(f"{_told(each)}", soft_wrap=True, markup=False)


@contextmanager
def _lake() -> "Iterator[Engine]":
    """Open the Lake of the platform that runs."""
    from neurocortex.embedded.running import find as find_running
    from neurocortex.errors import NotRunningError
    from neurocortex.lake.database import connect
    from neurocortex.settings import load, variable

    running = find_running(load().settings)
    if running.database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    engine = connect(running.database_url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


def _told(change: "Change") -> str:
    allowed = f" ({change.figure:.4g}, allowed {change.threshold:.4g})" if change.threshold else ""
    return f"{change.column or 'the table'}: {change.aspect}: {change.sentence}{allowed}"


@app.command()
def check(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, or its YAML file.")],
) -> None:
    """Try a dataset's gate on its source, and load nothing.

    Ends with exit code 1 where the gate would stop the load.
    """
    from neurocortex.cli.console import console
    from neurocortex.datasets.catalog import find
    from neurocortex.datasets.lake_tables import LakeTables
    from neurocortex.datasets.referring import refers
    from neurocortex.datasets.trial import tried
    from neurocortex.settings import load

    spec = find(dataset, load().settings.datasets.folder)
    if refers(spec):
        with _lake() as engine:
            trial = tried(spec, LakeTables(engine))
    else:
        trial = tried(spec)
    for result in trial.gate.results:
        told = "met" if result.success else f"not met ({result.expectation.severity})"
        found = ", ".join(result.sample) or result.observed
        seen = f", {result.unexpected} of {result.evaluated}" if result.unexpected else ""
        line = f"{told}: {result.expectation.subject} {result.expectation.sentence}{seen}"
        console().print(f"{line}: {found}" if found else line, soft_wrap=True, markup=False)
    for rule, count in trial.rules.items():
        console().print(f"{count} rows would be set aside by {rule}", markup=False)
    if trial.passes_nothing:
        console().print(
            "A source without rows would pass: give expect_table_row_count_to_be_between a"
            " min_value, with severity stop.",
            soft_wrap=True,
        )
    if trial.gate.stopped:
        raise typer.Exit(1)
