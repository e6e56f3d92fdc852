"""`python -m neurocortex.worker.hooks`: a flow's hooks for the end it could not see itself.

`on_crashed` and `on_cancellation` are code of the flow: they run in a process of their own, like
it, with the environment it had. PREFECT__FLOW_RUN_ID names the run; two variables of ours say
which hooks, and why.
"""

import asyncio
import os
from typing import Final
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.flows import load_flow_from_flow_run
from prefect.runner._hook_runner import HookRunner
from prefect.states import Cancelling, Crashed

CRASHED: Final = "crashed"
CANCELLED: Final = "cancelled"
WHICH: Final = "PREFECT__NEUROCORTEX_HOOKS"
MESSAGE: Final = "PREFECT__NEUROCORTEX_HOOKS_MESSAGE"


async def main() -> None:
    """Run them."""
    async with get_client() as client:
        run = await client.read_flow_run(UUID(os.environ["PREFECT__FLOW_RUN_ID"]))
    hooks = HookRunner(resolve_flow=load_flow_from_flow_run)
    message = os.environ[MESSAGE]
    if os.environ[WHICH] == CRASHED:
        await hooks.run_crashed_hooks(run, Crashed(message=message))
    else:
        await hooks.run_cancellation_hooks(run, Cancelling(message=message))


if __name__ == "__main__":
    asyncio.run(main())
