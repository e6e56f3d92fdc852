"""`neurocortex status`."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from neurocortex.embedded.prefect_api import PrefectApi
    from neurocortex.embedded.state import State


def status() -> None:
    """Show what runs, and where.

    Each service with its address, and each work pool with its workers. Exit code 1 when nothing
    runs.
    """
    from neurocortex.embedded import state
    from neurocortex.embedded.home import Home
    from neurocortex.errors import NotRunningError
    from neurocortex.settings import load

    home = Home(load().settings.home.absolute())
    live = state.read_live(home.run)
    if live is None:
        raise NotRunningError("The platform", "PREFECT_API_URL")
    show(live)


def show(live: "State") -> None:
    """Print a running platform."""
    from neurocortex.cli.console import console
    from neurocortex.embedded.prefect_api import PrefectApi

    out = console()
    out.print(f"The platform is {live.phase}. Prefect UI: {live.ui_url}\n")
    out.print(_services(live))
    out.print()
    out.print(_pools(PrefectApi(live.api_url)))


def _services(live: "State") -> "Table":
    from neurocortex.cli.console import table

    shown = table("service", "pid", "up", "restarts", "address")
    for record in live.services:
        is_up = record.process() is not None
        shown.add_row(
            record.name,
            str(record.pid) if is_up else "-",
            _duration(time.time() - record.started_at) if is_up else "starting again",
            str(record.restarts),
            record.address,
        )
    return shown


def _pools(api: "PrefectApi") -> "Table":
    from neurocortex.cli.console import table
    from neurocortex.domain.deployments import Tier
    from neurocortex.embedded.prefect_api import ApiError

    shown = table("pool", "worker", "state")
    for tier in Tier:
        try:
            workers = api.workers(tier.value)
        except ApiError as error:
            shown.add_row(tier.value, "-", error.reason)
            continue
        for worker in workers:
            shown.add_row(tier.value, worker.name, worker.status.lower())
        if not workers:
            shown.add_row(tier.value, "-", "no worker")
    return shown


def _duration(seconds: float) -> str:
    """Return e.g. `3 d 4 h`, `12 min`, `40 s`."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
