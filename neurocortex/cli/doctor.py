"""`neurocortex doctor`."""

import typer


def doctor() -> None:
    """Check this machine and the settings.

    Each line is ok, warn or fail, with the remedy. Exit code 1 when something would keep the
    platform from working.
    """
    from neurocortex.cli.console import console
    from neurocortex.embedded.checks import examine
    from neurocortex.settings import load

    out = console()
    failed = False
    for finding in examine(load().settings):
        failed |= finding.level == "fail"
        out.print(f"{finding.level:<5} {finding.subject}: {finding.text}", soft_wrap=True)
    raise typer.Exit(1 if failed else 0)
