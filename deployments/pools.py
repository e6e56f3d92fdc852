"""The work pools: one for each tier."""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from neurocortex.domain.deployments import Tier
from neurocortex.settings import TierSettings

PURPOSE = {
    Tier.CRITICAL: "Somebody waits and it matters: answers in a running process, incidents.",
    Tier.HIGH: "Somebody waits: questions asked by people.",
    Tier.MEDIUM: "Nobody waits, but soon: documents to ingest, scheduled ETL.",
    Tier.LOW: "Whenever there is room: backfills, maintenance, experiments.",
}


async def apply(client: PrefectClient, limits: TierSettings) -> list[str]:
    """Create the pools that are missing and set each one's concurrency limit.

    A pool that was paused in the UI stays paused.

    Returns:
        One line for each pool.
    """
    lines = []
    for tier in Tier:
        limit: int = getattr(limits, tier.value)
        description = PURPOSE[tier]
        try:
            await client.read_work_pool(tier.value)
        except ObjectNotFound:
            await client.create_work_pool(
                WorkPoolCreate(
                    name=tier.value,
                    type=ProcessWorker.type,
                    description=description,
                    concurrency_limit=limit,
                    base_job_template=ProcessWorker.get_default_base_job_template(),
                )
            )
        else:
            await client.update_work_pool(
                tier.value, WorkPoolUpdate(description=description, concurrency_limit=limit)
            )
        lines.append(f"work pool {tier.value}: {limit} runs at once")
    return lines
