"""`neurocortex worker`."""

import os
import sys
from typing import Annotated

import typer


def worker(
    pool: Annotated[
        list[str] | None,
        typer.Option(help="Work pool to serve; may be given several times.", metavar="NAME"),
    ] = None,
) -> None:
    """Run flows on this machine too, beside the other workers.

    All of them share one ledger, so the tiers' shares hold over all machines together.
    `neurocortex up` starts one. Start more on other machines to add their capacity: set
    PREFECT_API_URL, NEUROCORTEX_REDIS_URL and NEUROCORTEX_DATABASE_URL to those of the platform.
    Serves all four tiers unless told otherwise. Ctrl-C lets running flows end, for
    NEUROCORTEX_WORKER__DRAIN_S seconds, and hands back the others.
    """
    from neurocortex.domain.deployments import Tier
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.settings import load

    pools = pool or [tier.value for tier in Tier]
    environment = environment_of(find(load().settings))
    command = [sys.executable, "-m", "neurocortex.worker", *pools]
    # In place of this process: Prefect reads its settings when it is imported.
    os.execve(command[0], command, environment)  # noqa: S606 - no shell wanted
