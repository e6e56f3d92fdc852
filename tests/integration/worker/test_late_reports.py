"""The last report of a process that was killed counts, however late it comes."""

import asyncio
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Running

from neurocortex.ledger.reconcile import Action, Step
from neurocortex.worker.recovery import Recovery


@flow
def nothing() -> None:
    """Stand for any flow."""


@pytest.mark.parametrize("is_late", [True, False])
def test_a_run_that_completes_while_it_is_looked_at_does_not_start_again(
    prefect_server: str, *, is_late: bool
) -> None:
    async def main() -> str | None:
        async with get_client() as client:

            class Reported(Recovery):
                async def let_any_worker_take(self, run_id: UUID) -> None:
                    await super().let_any_worker_take(run_id)
                    if is_late:
                        await client.set_flow_run_state(run_id, Completed())

            run = await client.create_flow_run(nothing, name=f"late-{uuid4().hex}")
            await client.set_flow_run_state(run.id, Running(), force=True)
            recovery = Reported(client, [], restarts=3)
            state = await recovery.carry_out(Step(Action.RESTART, run.id, "It was killed."))
            found = (await client.read_flow_run(run.id)).state
            assert (state is None) is is_late
            return found.name if found else None

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        assert asyncio.run(main()) == ("Completed" if is_late else "AwaitingRetry")
