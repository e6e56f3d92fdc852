"""A progress artifact that does not slow down the work it shows."""

import time
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

EVERY_S: Final = 1.0
"""Between two updates: each is a request to the Prefect server, and people read no faster."""


class ProgressArtifact:
    """A bar in the Prefect UI, from 0 to 100 percent."""

    def __init__(self, key: str, description: str) -> None:
        # Called outside of an event loop, it returns the id and no coroutine.
        self._id = cast("UUID", create_progress_artifact(0.0, key=key, description=description))
        self._next = time.monotonic() + EVERY_S

    def show(self, fraction: float) -> None:
        """Move the bar, at most once a second, to a fraction from 0 to 1."""
        if time.monotonic() >= self._next:
            update_progress_artifact(self._id, progress=100.0 * fraction)
            self._next = time.monotonic() + EVERY_S

    def finish(self) -> None:
        """Fill the bar."""
        update_progress_artifact(self._id, progress=100.0)
