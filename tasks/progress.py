"""A progress artifact that does not slow down the work it shows."""

import time
from typing import Final, Self
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

EVERY_S: Final = 1.0
"""Between two updates: each is a request to the Prefect server, and people read no faster."""


class ProgressArtifact:
    """A bar in the Prefect UI, from 0 to 100 percent."""

    def __init__(self, key: str, description: str) -> None:
        self._id: UUID = create_progress_artifact(0.0, key=key, description=description)
        self._next = time.monotonic() + EVERY_S

    def show(self, done: float, total: float) -> Self:
        """Move the bar, at most once a second."""
        if time.monotonic() >= self._next and total:
            update_progress_artifact(self._id, progress=min(100.0, 100.0 * done / total))
            self._next = time.monotonic() + EVERY_S
        return self

    def finish(self) -> None:
        """Fill the bar."""
        update_progress_artifact(self._id, progress=100.0)
