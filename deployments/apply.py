"""Apply everything to the Prefect server, in the order in which the parts need each other."""

from collections.abc import Iterator

from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment

from deployments import manifest, pools, registry
from neurocortex import __version__
from neurocortex.datasets.catalog import catalog
from neurocortex.settings import Settings


async def apply_pools(settings: Settings) -> list[str]:
    """Create or update the tier pools; see `pools.apply`."""
    async with get_client() as client:
        return await pools.apply(client, settings.tiers)


def apply_blocks(settings: Settings) -> list[str]:
    """Register the block types and the default blocks; see `registry.apply`."""
    return registry.apply(settings)


def apply_deployments(settings: Settings) -> Iterator[str]:
    """Create or update the deployments of prefect.yaml and one `run-etl` for each dataset.

    Yields:
        One line for each deployment, once it is applied.
    """
    for entry in manifest.read().deployments:
        yield _apply(
            RunnerDeployment.from_entrypoint(
                entry.entrypoint,
                name=entry.name,
                tags=list(entry.tags),
                concurrency_limit=entry.concurrency_limit,
                work_pool_name=entry.work_pool.name.value,
                version=__version__,
            )
        )
    for dataset in catalog(settings.datasets.folder):
        yield _apply(_etl(dataset))
