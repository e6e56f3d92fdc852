"""Apply everything to the Prefect server, in the order in which the parts need each other."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Schedule

from deployments import manifest, pools, registry
from neurocortex.datasets.catalog import catalog
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.lake.store import Lake
from neurocortex.settings import Settings

ETL_ENTRYPOINT: Final = "flows.run_etl.run_etl"
LOAD_MEMORY_MB: Final = 2048
SCHEDULE_SLUG: Final = "dataset"
"""Names the one schedule of a dataset's deployment."""


async def apply_pools(settings: Settings) -> list[str]:
    """Create or update the tier pools; see `pools.apply`."""
    async with get_client() as client:
        return await pools.apply(client, settings.tiers)


def migrate_lake(settings: Settings) -> list[str]:
    """Bring the Lake's schema up to date, where the settings say where it is."""
    if settings.database_url is None:
        return []
    with Lake(settings.database_url.get_secret_value()) as lake:
        lake.migrate()
    return ["the Lake's schema is up to date"]


def apply_blocks(settings: Settings) -> list[str]:
    """Register the block types and the default blocks; see `registry.apply`."""
    return registry.apply(settings)


def apply_deployments(settings: Settings) -> Iterator[str]:
    """Create or update the deployments of prefect.yaml and one `run-etl` for each dataset.

    Yields:
        One line for each deployment, once it is applied.
    """
    for entry in manifest.read().deployments:
        yield _apply(_listed(entry))
    for dataset in catalog(settings.datasets.folder):
        yield _apply(_etl(dataset))


def _listed(entry: manifest.Deployment) -> RunnerDeployment:
    deployment = RunnerDeployment.from_entrypoint(
        entry.entrypoint,
        name=entry.name,
        tags=list(entry.tags),
        schedules=[
            Cron(each.cron, timezone=each.timezone, slug=each.slug) for each in entry.schedules
        ],
        triggers=[
            DeploymentEventTrigger(expect=set(each.expect), parameters=dict(each.parameters))
            for each in entry.triggers
        ],
        concurrency_limit=entry.concurrency_limit,
        work_pool_name=entry.work_pool.name.value,
        job_variables=dict(entry.job_variables),
        version=version("neurocortex"),
    )
    _keep_paused(deployment)
    return deployment


def _etl(dataset: DatasetSpec) -> RunnerDeployment:
    """Return the deployment that loads a dataset, on its tier and its schedule."""
    deployment = RunnerDeployment.from_entrypoint(
        ETL_ENTRYPOINT,
        name=dataset.name,
        description=dataset.description,
        parameters={"dataset": dataset.name},
        tags=["etl"],
        # A load that still runs when the next is due makes the next one pointless.
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        schedule=_schedule(dataset),
        work_pool_name=dataset.tier.value,
        # A load is one transaction: begun again, it does what it would have done.
        job_variables={"memory": LOAD_MEMORY_MB, "restart_when_lost": True},
        version=version("neurocortex"),
    )
    _keep_paused(deployment)
    return deployment


def _schedule(dataset: DatasetSpec) -> Schedule | None:
    if dataset.schedule is None:
        return None
    return Cron(dataset.schedule.cron, timezone=dataset.schedule.timezone, slug=SCHEDULE_SLUG)


def _keep_paused(deployment: RunnerDeployment) -> None:
    """Leave a schedule paused that somebody paused in the UI: applying replaces schedules."""
    with get_client(sync_client=True) as client:
        try:
            existing = client.read_deployment_by_name(deployment.full_name)
        except ObjectNotFound:
            return
    paused = {schedule.slug for schedule in existing.schedules if not schedule.active}
    for schedule in deployment.schedules or []:
        if schedule.slug in paused:
            schedule.active = False


def _apply(deployment: RunnerDeployment) -> str:
    deployment.apply()
    return f"deployment {deployment.full_name} on {deployment.work_pool_name}"
