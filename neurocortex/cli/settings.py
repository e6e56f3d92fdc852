"""`neurocortex settings`."""

import json
from typing import Annotated

import typer


def settings(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per setting, in a list.")
    ] = False,
) -> None:
    """Print every setting.

    With its value, where that came from, and what it means. Settings come from the environment,
    from `.env`, or from `neurocortex.toml` (another file: NEUROCORTEX_CONFIG), the first of these
    that has it. Passwords and keys are masked.
    """
    from neurocortex.cli.console import console, table
    from neurocortex.settings import load

    entries = list(load().entries())
    if as_json:
        typer.echo(json.dumps([entry._asdict() for entry in entries], indent=2))
        return
    shown = table("setting", "value", "from", "meaning")
    for entry in entries:
        shown.add_row(entry.variable, entry.value, entry.origin, entry.description)
    console().print(shown)
