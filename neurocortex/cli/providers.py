"""`neurocortex providers`: the endpoints of LLMs, and how they stand."""

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from neurocortex.balancing.reports import EndpointReport

app = typer.Typer(
    help="See which endpoints of LLMs answer, and which is left out.", no_args_is_help=True
)

MODULE: Final = "tasks.providers"
"""It reads the blocks, which the command line does not know."""


@app.command("list")
def list_() -> None:
    """List all endpoints with their health and load.

    `in` gets calls, `out` is left out after failures, `slow` because others begin far sooner,
    `due` gets one call to see whether it works again, `paused` asked to be called later.
    """
    _show(_reports())


@app.command()
def check() -> None:
    """Ask each endpoint whether it answers. Exit code 1: one does not."""
    found = _reports("--check")
    _show(found)
    wrong = [each for each in found if each.complaint]
    for each in wrong:
        typer.echo(f"{each.base_url} (block {each.provider}): {each.complaint}", err=True)
    raise typer.Exit(1 if wrong else 0)


def _show(found: "list[EndpointReport]") -> None:
    from neurocortex.cli.console import console, table

    if not found:
        typer.echo("No LLM provider yet. Make a block LLM Provider in the Prefect UI under Blocks.")
        return
    shown = table("provider", "endpoint", "model", "region", "health", "in flight", "why")
    for each in found:
        health = each.standing.value
        if each.left_s:
            health = f"{health} for {each.left_s:.0f} s"
        why = each.reason or (f"{each.failed_checks} checks failed" if each.failed_checks else "-")
        shown.add_row(
            *(each.provider, each.base_url, each.model, each.region or "-"),
            *(health, str(each.in_flight), why),
        )
    console().print(shown)


def _reports(*words: str) -> "list[EndpointReport]":
    from pydantic import TypeAdapter

    from neurocortex.balancing.reports import EndpointReport
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.errors import ConnectorError
    from neurocortex.settings import load

    environment = environment_of(find(load().settings))
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *words],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ConnectorError("LLM providers", f"they could not be read: {last}")
    return TypeAdapter(list[EndpointReport]).validate_json(done.stdout)
