"""The progress bar of a task that is tried again."""

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.runtime import task_run

from tasks.progress import ProgressArtifact

KEY = "retried-progress"


@task(retries=1, retry_delay_seconds=0)
def load() -> None:
    bar = ProgressArtifact(KEY, "loading")
    if task_run.run_count == 1:
        raise ConnectionError
    bar.finish()


@flow
def loading() -> None:
    load()


@pytest.mark.usefixtures("prefect_api")
def test_a_task_that_is_tried_again_keeps_its_bar() -> None:
    loading()
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[KEY]))
        (bar,) = client.read_artifacts(artifact_filter=wanted)
    assert bar.data == 100
