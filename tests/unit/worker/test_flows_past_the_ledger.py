"""A flow that a program hands to a worker itself has no lease, and is refused."""

import asyncio

import pytest
from prefect import flow

from neurocortex.errors import NoLeaseError
from neurocortex.worker.worker import NeuroCortexWorker


@flow
def report() -> None:
    """Stand for any flow."""


def test_it_is_told_what_to_use_instead() -> None:
    worker = NeuroCortexWorker(work_pool_name="low")
    with pytest.raises(NoLeaseError, match="run_deployment") as refused:
        asyncio.run(worker.submit(report))
    assert (refused.value.flow, refused.value.pool) == ("report", "low")
