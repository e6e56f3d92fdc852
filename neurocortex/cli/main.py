"""The command `neurocortex`: `run()` is its entry point.

Commands import what they need when they run: `neurocortex --help` answers at once.
"""

import io
import sys

import typer

from neurocortex.cli import (
    ask,
    backup,
    cache,
    choices,
    dead,
    deploy,
    doctor,
    down,
    events,
    experiments,
    explain,
    gateway,
    ingest,
    keys,
    lake,
    models,
    pipelines,
    privacy,
    providers,
    quality,
    quarantine,
    settings,
    status,
    tiers,
    up,
    worker,
)
from neurocortex.errors import NeuroCortexError
from neurocortex.telemetry import switch_off

HELP = """\
Ask your documents, load your tables: AI work on Prefect, on one machine or many.

Start here:

\b
    neurocortex up                          start; Ctrl-C stops it
    neurocortex ingest report.pdf notes/    add documents
    neurocortex ask "What did we decide?"   ask them

While it is up, the Prefect UI at http://127.0.0.1:4200 shows every run, with its tables,
sources and logs, and starts runs by a form. `neurocortex status` prints the address.
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (
    *(up.up, down.down, status.status, deploy.deploy),
    *(ingest.ingest, ask.ask, settings.settings, doctor.doctor),
    *(worker.worker, gateway.gateway, tiers.tiers, explain.explain, choices.choices),
):
    app.command()(command)
app.add_typer(dead.app, name="dead")
app.add_typer(events.app, name="events")
app.add_typer(experiments.app, name="experiments")
app.add_typer(cache.app, name="cache")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(pipelines.app, name="pipelines")
app.add_typer(providers.app, name="providers")
app.add_typer(lake.app, name="lake")
app.add_typer(backup.app, name="backup")
app.add_typer(privacy.app, name="privacy")
app.add_typer(quality.app, name="quality")
app.add_typer(quarantine.app, name="quarantine")


def run() -> None:
    """Run the command line. Errors of ours are one message on stderr and exit code 1."""
    switch_off()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show ✓ shows ?
    try:
        app()
    except NeuroCortexError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    run()
