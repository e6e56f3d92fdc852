"""Embedding a collection by another model."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from neurocortex.domain.reports import LoadReport
from neurocortex.engines.embedders import of_collection
from neurocortex.lake.loading import LoadProgress
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.options import LOAD
from tasks.progress import ProgressArtifact


@task(**LOAD, task_run_name="embed {collection} by {embedder}", cache_policy=NO_CACHE)
def embed_anew(lake: str, collection: str, embedder: str) -> LoadReport:
    """Embed every chunk of a collection anew in one transaction, with a progress artifact."""
    model = of_collection(embedder, settings().lake)
    with opened(lake) as store:
        chunks = store.collection(collection).chunks
        bar = ProgressArtifact("reembed-progress", f"embedding {chunks} chunks")

        def show(progress: LoadProgress) -> None:
            bar.show(min(1.0, progress.done / max(1, chunks)))

        report = store.reembed(collection, model, flow_run_id=flow_run.id, progress=show)
    bar.finish()
    return report
