"""`neurocortex gateway`."""

import os
import sys
from typing import Annotated

import typer


def gateway(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Unset: NEUROCORTEX_PORTS__GATEWAY, or 8080."),
    ] = None,
    grpc_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Unset: NEUROCORTEX_PORTS__GRPC, or 8081."),
    ] = None,
) -> None:
    """Serve programs from this machine too, beside other gateways.

    All of them share limits, queues and the cache. `neurocortex up` starts one. On another machine
    set PREFECT_API_URL, NEUROCORTEX_REDIS_URL and NEUROCORTEX_DATABASE_URL to those of the
    platform, and NEUROCORTEX_GATEWAY__HOST to the address to listen on. Ctrl-C lets requests end,
    for NEUROCORTEX_GATEWAY__DRAIN_S seconds.
    """
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.settings import load, variable

    environment = environment_of(find(load().settings))
    for name, chosen in (("ports.gateway", port), ("ports.grpc", grpc_port)):
        if chosen is not None:
            environment[variable(name)] = str(chosen)
    command = [sys.executable, "-m", "neurocortex.gateway"]
    os.execve(command[0], command, environment)  # noqa: S606 - no shell wanted
