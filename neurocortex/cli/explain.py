"""`neurocortex explain`."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from uuid import UUID

    from neurocortex.embedded.running import Running


def explain(
    run: Annotated[str, typer.Argument(help="Id or name of the flow run.", metavar="RUN")],
) -> None:
    """Say why a run waits, and for how long still.

    It names the limit that blocks the run, its place among those that wait, and its expected start.
    """
    from neurocortex.cli.console import console
    from neurocortex.embedded.prefect_api import PrefectApi
    from neurocortex.embedded.running import environment_of, find
    from neurocortex.errors import RunError
    from neurocortex.settings import load

    running = find(load().settings)
    found = PrefectApi(running.api_url).find_run(run)
    if found is None:
        raise RunError(run, "unknown", "no run has that id or name", running.api_url)
    state = found.state
    if state is None or state.type != "SCHEDULED":
        name = state.name if state else "gone"
        console().print(
            f"{found.name} does not wait: it is {name}. {(state and state.message) or ''}"
        )
        return
    os.environ.update(environment_of(running))
    console().print(f"{found.name}: {asyncio.run(_explain(found.id, running))}", soft_wrap=True)


async def _explain(run_id: "UUID", running: "Running") -> str:
    from neurocortex.worker.waiting import explain_waiting

    return await explain_waiting(run_id, running)
