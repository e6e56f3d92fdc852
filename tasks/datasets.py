"""From a dataset's YAML to rows in the Lake."""

from prefect import task
from prefect.assets import materialize
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.tasks import MaterializingTask

from neurocortex.datasets import etl
from neurocortex.datasets.catalog import find
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.staged import EtlOutcome, Staged
from neurocortex.datasets.timeline import Point, timeline
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.lineage import table_asset, upstream_assets
from tasks.options import LOAD, STEP
from tasks.progress import ProgressArtifact

Publishing = MaterializingTask[[str, DatasetSpec, Staged], EtlOutcome]

# NO_CACHE throughout: sources change without notice, and the other steps write.


@task(**STEP, task_run_name="describe {dataset}", cache_policy=NO_CACHE)
def read_dataset(dataset: str) -> DatasetSpec:
    """Return the dataset of that name, or the one in that YAML file."""
    return find(dataset, settings().datasets.folder)


@task(**LOAD, task_run_name="extract, check and stage {spec.name}", cache_policy=NO_CACHE)
def stage_rows(lake: str, spec: DatasetSpec) -> Staged:
    """Bring the rows that pass the gate into a staging table, the others into quarantine."""
    bar = ProgressArtifact("etl-progress", f"extracting {spec.name}")

    def show(progress: etl.Progress) -> None:
        bar.show(progress.fraction)

    with opened(lake) as store:
        staged = etl.stage(spec, store.engine, flow_run_id=flow_run.id, progress=show)
    bar.finish()
    return staged


@task(**STEP, task_run_name="earlier loads of {spec.name}", cache_policy=NO_CACHE)
def read_timeline(lake: str, spec: DatasetSpec, staged: Staged) -> tuple[Point, ...]:
    """Return the last loads of a dataset, the oldest first; the last is the one that is staged."""
    with opened(lake) as store, store.engine.connect() as connection:
        return timeline(connection, spec, staged)


@materialize(
    "postgres://lake/data", **LOAD, task_run_name="load {spec.name}", cache_policy=NO_CACHE
)
def publish_rows(lake: str, spec: DatasetSpec, staged: Staged) -> EtlOutcome:
    """Bring the staged rows into the target table, in one transaction."""
    with opened(lake) as store:
        return etl.publish(spec, store.engine, staged)


def publishing(lake: str, spec: DatasetSpec) -> Publishing:
    """Return `publish_rows` for a dataset: Prefect then knows its table, and what that is of."""
    return publish_rows.with_options(
        assets=[table_asset(lake, spec)], asset_deps=upstream_assets(lake, spec)
    )


@task(**STEP, task_run_name="give up the staged rows", cache_policy=NO_CACHE)
def abandon_rows(lake: str, staged: Staged, reason: str) -> None:
    """Close a load that could not be published, and drop what it staged."""
    with opened(lake) as store:
        etl.abandon(store.engine, staged, reason)
