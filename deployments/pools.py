"""The work pools: one for each tier."""

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from neurocortex.domain.deployments import Tier
from neurocortex.settings import TierSettings
from neurocortex.worker.worker import NeuroCortexWorker

PURPOSE = {
    Tier.CRITICAL: "Somebody waits and it matters: answers in a running process, incidents.",
    Tier.HIGH: "Somebody waits: questions asked by people.",
    Tier.MEDIUM: "Nobody waits, but soon: documents to ingest, scheduled ETL.",
    Tier.LOW: "Whenever there is room: backfills, maintenance, experiments.",
}


async def apply(client: PrefectClient, limits: TierSettings) -> list[str]:
    """Create the pools that are missing, and bring the others up to date.

    A pool that was paused in the UI stays paused. The limit that the UI shows is the most a tier
    may have until the allocator lends and reclaims.

    Returns:
        One line for each pool.
    """
    return [await _apply(client, tier, getattr(limits, tier.value)) for tier in Tier]


async def _apply(client: PrefectClient, tier: Tier, limit: int) -> str:
    template = NeuroCortexWorker.get_default_base_job_template()
    line = f"work pool {tier.value}: {limit} runs at once, at most"
    try:
        pool = await client.read_work_pool(tier.value)
    except ObjectNotFound:
        pool = None
    if pool is not None and pool.type != NeuroCortexWorker.type:
        # A pool's type is for life. Its runs that wait are lost with it, and said to be.
        await client.delete_work_pool(tier.value)
        line += f"; replaces one of type {pool.type}, whose waiting runs have to be started again"
        pool = None
    if pool is None:
        await client.create_work_pool(
            WorkPoolCreate(
                name=tier.value,
                type=NeuroCortexWorker.type,
                description=PURPOSE[tier],
                concurrency_limit=limit,
                base_job_template=template,
            )
        )
    else:
        await client.update_work_pool(
            tier.value,
            WorkPoolUpdate(
                description=PURPOSE[tier], concurrency_limit=limit, base_job_template=template
            ),
        )
    return line
