"""`neurocortex doctor`."""

import typer


def doctor() -> None:
    """Check this machine and the settings.

    Each line is ok, warn or fail, with the remedy. Exit code 1 when something would keep the
    platform from working.
    """
    from neurocortex.cli.console import console
    from neurocortex.embedded.checks import Finding, examine
    from neurocortex.settings import load
    from neurocortex.worker import cgroups

    out = console()
    failed = False
    limits = cgroups.said(cgroups.obstacle(cgroups.find()))
    held = Finding("ok", "memory and cores of runs", limits)
    for finding in (*examine(load().settings), held):
        failed |= finding.level == "fail"
        out.print(f"{finding.level:<5} {finding.subject}: {finding.text}", soft_wrap=True)
    raise typer.Exit(1 if failed else 0)
