"""`neurocortex dead`: runs that failed for good."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from neurocortex.dead_letters.store import DeadLetters
    from neurocortex.embedded.running import Running

ALL_AT_ONCE: Final = 1000
"""A replay takes 50 ms of the server: these keep it busy for a minute, and the tiers for longer."""

app = typer.Typer(
    no_args_is_help=True,
    help="""Look at runs that failed for good, and run them again.

A run that ended as Failed, Crashed or TimedOut, and is not tried again, is kept as a dead letter
with its parameters (secrets hidden), its error and its history.""",
)

Tier = Annotated[str | None, typer.Option(help="Runs of this tier only.")]
Flow = Annotated[str | None, typer.Option(help="Runs of the flow of this name only.")]
Since = Annotated[
    str | None, typer.Option(help="Since then: 30m, 12h, 7d or 2w ago, or a date.", metavar="TIME")
]
Run = Annotated[UUID, typer.Argument(help="Id of the run that failed.", metavar="RUN")]


@app.command("list")
def list_letters(
    tier: Tier = None,
    flow: Flow = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as a JSON list.")] = False,
) -> None:
    """List the runs that failed for good, youngest first."""
    from neurocortex.cli import dead_results

    after = _moment(since)
    with _opened() as (_, letters):
        found = letters.list(tier=tier, flow=flow, since=after, limit=limit)
    if as_json:
        typer.echo(dead_results.as_json(found))
    else:
        dead_results.show_list(found)


@app.command()
def show(
    run: Run,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as a JSON object.")] = False,
) -> None:
    """Show one of them: parameters, error, history."""
    from neurocortex.cli import dead_results

    with _opened() as (running, letters):
        letter = letters.get(run)
    if as_json:
        typer.echo(letter.model_dump_json(indent=2))
    else:
        dead_results.show_letter(letter, running)


@app.command()
def replay(
    run: Annotated[UUID | None, typer.Argument(help="Id of the run.", metavar="[RUN]")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Replay all that were not replayed yet.")
    ] = False,
    tier: Tier = None,
    flow: Flow = None,
    since: Since = None,
    again: Annotated[bool, typer.Option("--again", help="Even if it was replayed before.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for its end; exit code 1 if it fails.")
    ] = False,
) -> None:
    """Run one of them again, or all.

    With the parameters, job variables and tags it had. A run that was replayed before is not
    started a second time, unless --again says so. --tier, --flow and --since choose among --all.
    """
    from neurocortex.cli import replaying

    after = _moment(since)
    if (run is None) != every:
        raise typer.BadParameter("give the id of a run, or --all")
    with _opened() as (running, letters):
        if run is not None:
            if tier or flow or since:
                raise typer.BadParameter("--tier, --flow and --since go with --all")
            replaying.replay_one(running, letters, run, again=again, wait=wait)
            return
        if again or wait:
            raise typer.BadParameter("--again and --wait go with one run")
        chosen = letters.list(
            tier=tier, flow=flow, since=after, is_replayed=False, limit=ALL_AT_ONCE
        )
        replaying.replay_all(running, letters, chosen)
    if len(chosen) == ALL_AT_ONCE:
        typer.echo(f"No more than {ALL_AT_ONCE} are replayed at once. Run it again for the rest.")


@contextmanager
def _opened() -> "Iterator[tuple[Running, DeadLetters]]":
    """Open the dead letters of the platform that runs."""
    from neurocortex.dead_letters.store import DeadLetters
    from neurocortex.embedded.running import find
    from neurocortex.errors import NotRunningError
    from neurocortex.settings import load, variable

    running = find(load().settings)
    if running.database_url is None:
        raise NotRunningError("The database", variable("database_url"))
    with DeadLetters(running.database_url) as letters:
        yield running, letters


def _moment(since: str | None) -> "datetime | None":
    from datetime import UTC, datetime

    from neurocortex.cli.since import moment

    try:
        return moment(since, datetime.now(UTC)) if since is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
