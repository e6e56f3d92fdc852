"""Telling a run's process that somebody has suspended the run, without a connection of its own.

Prefect's engine asks at every boundary of a flow, its start, its end and each task, whether the run
was suspended. To know, it has a thread with a client and a web socket in each process: a run begins
only when they are connected, and its end waits for the thread. Here the worker has one subscription
for all its runs, and leaves a file where the process looks at those boundaries.
"""

import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect._internal.observers import FlowRunSuspendingObserver
from prefect.client.schemas.objects import State


class Suspensions:
    """The worker's end. An async context manager."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Suspensions":
        """Subscribe."""
        folder = tempfile.TemporaryDirectory(prefix="suspended-")
        self._folder = Path(self._stack.enter_context(folder))
        observer = FlowRunSuspendingObserver(on_suspended=self._suspended)
        self._observer = await self._stack.enter_async_context(observer)
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Unsubscribe."""
        await self._stack.aclose()

    @contextmanager
    def watched(self, run_id: UUID) -> Iterator[None]:
        """Have this run's process told, until the block ends."""
        self._observer.add_in_flight_flow_run_id(run_id)
        try:
            yield
        finally:
            self._observer.remove_in_flight_flow_run_id(run_id)
            self.file(run_id).unlink(missing_ok=True)

    def file(self, run_id: UUID) -> Path:
        """Return where the state is written that the run was suspended in."""
        return self._folder / str(run_id)

    def _suspended(self, flow_run_id: UUID, state: State) -> None:
        file = self.file(flow_run_id)
        draft = file.with_suffix(".draft")
        draft.write_text(state.model_dump_json())
        draft.rename(file)


class SuspensionRequest(FlowRunSuspensionRequest):
    """The process's end, in the place of Prefect's: looks for the file when the engine asks."""

    def __init__(self, file: Path) -> None:
        """Take where the worker writes it."""
        super().__init__()
        self._file = file

    def get_state(self) -> State | None:
        """Return the state the run was suspended in; None while it was not."""
        if super().get_state() is None and self._file.exists():
            self.mark_requested(State.model_validate_json(self._file.read_text()))
        return super().get_state()
