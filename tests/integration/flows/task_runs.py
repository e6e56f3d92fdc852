"""The task runs of a flow run, as the UI shows them."""

import time
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

PATIENCE_S = 20.0
POLL_S = 0.1


def states(flow_run: UUID, names: set[str]) -> dict[str, str]:
    """Return the state's name of each task run of those names, when all of them have ended.

    Prefect's server learns them from events, a moment after the run.
    """
    shown = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
    deadline = time.monotonic() + PATIENCE_S
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_task_runs(flow_run_filter=shown)
            ended = {
                run.name: run.state.name or ""
                for run in runs
                if run.name in names and run.state and run.state.is_final()
            }
            if set(ended) == names:
                return ended
            assert time.monotonic() < deadline, f"only {ended} of {names}"
            time.sleep(POLL_S)
