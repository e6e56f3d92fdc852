"""Keep the state file true while the platform runs."""

import os
import time
from pathlib import Path
from typing import Literal

from neurocortex.embedded import state
from neurocortex.embedded.state import ProcessRecord, ServiceRecord, State


class Announcement:
    """Writes the state file at each change, and removes it at the end."""

    def __init__(self, run: Path, api_url: str) -> None:
        self._run = run
        self._state = State(
            phase="starting",
            supervisor=ProcessRecord.of(os.getpid()),
            started_at=time.time(),
            api_url=api_url,
        )
        state.write(run, self._state)

    def services(self, records: tuple[ServiceRecord, ...]) -> None:
        """Say what runs now."""
        self._update(services=records)

    def phase(self, phase: Literal["ready", "stopping"]) -> None:
        """Say how far we are."""
        self._update(phase=phase)

    def withdraw(self) -> None:
        """Say that nothing runs."""
        state.clear(self._run)

    def _update(self, **changes: object) -> None:
        self._state = self._state.model_copy(update=changes)
        state.write(self._run, self._state)
