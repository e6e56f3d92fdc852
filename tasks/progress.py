"""A progress artifact that does not slow down the work it shows."""

import time
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    ArtifactFilterTaskRunId,
)
from prefect.runtime import task_run

EVERY_S: Final = 1.0
"""Between two updates: each is a request to the Prefect server, and people read no faster."""


class ProgressArtifact:
    """A bar in the Prefect UI, from 0 to 100 percent: one for a task, however often it is tried."""

    def __init__(self, key: str, description: str) -> None:
        earlier = _of_earlier_attempt(key)
        if earlier is None:
            # Called outside of an event loop, it returns the id and no coroutine.
            made = create_progress_artifact(0.0, key=key, description=description)
            self._id = cast("UUID", made)
        else:
            self._id = earlier
            update_progress_artifact(earlier, progress=0.0, description=description)
        self._next = time.monotonic() + EVERY_S

    def show(self, fraction: float) -> None:
        """Move the bar, at most once a second, to a fraction from 0 to 1."""
        if time.monotonic() >= self._next:
            update_progress_artifact(self._id, progress=100.0 * fraction)
            self._next = time.monotonic() + EVERY_S

    def finish(self) -> None:
        """Fill the bar."""
        update_progress_artifact(self._id, progress=100.0)


def _of_earlier_attempt(key: str) -> UUID | None:
    """Return the id of the bar that an attempt of this task run before has made."""
    if not task_run.id or (task_run.run_count or 0) < 2:
        return None
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                key=ArtifactFilterKey(any_=[key]),
                task_run_id=ArtifactFilterTaskRunId(any_=[UUID(str(task_run.id))]),
            )
        )
    return found[0].id if found else None
