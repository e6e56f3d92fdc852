"""run-batch: many requests that were sent at once, done by one run."""

from uuid import UUID

from prefect import flow

from neurocortex.batches.values import Counts
from tasks.batches import begin_batch, work_off


@flow(
    name="run-batch",
    flow_run_name="batch {batch}",
    description="Does the requests of a batch, as the real-time lane would do each.",
    persist_result=True,
)
async def run_batch(batch: UUID) -> Counts:
    """Do the requests of a batch that have no result yet.

    A run that is lost or cancelled leaves what was done; another run goes on from there.

    Args:
        batch: Id of the batch, as `POST /v1/batches` gave it.

    Raises:
        BatchNotFoundError: there is no such batch.
        ConnectorError: PostgreSQL does not answer.
        ThreadsStuckError: too many tasks hang.
    """
    return await work_off(begin_batch(batch))
