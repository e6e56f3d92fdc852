"""The process of flow runs of run-batch: `run_process.py RUN...`; the settings say the rest."""

import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow

from flows.run_batch import run_batch


async def main(numbers: Sequence[str]) -> None:
    async with get_client() as client:
        runs = [await client.read_flow_run(UUID(number)) for number in numbers]
    await asyncio.gather(*(_run(run) for run in runs))


async def _run(run: FlowRun) -> None:
    await run_flow(run_batch, flow_run=run)  # type: ignore[misc] # a coroutine, of an async flow


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
