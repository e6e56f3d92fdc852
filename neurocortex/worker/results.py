"""Persisted results of runs: kept for some days, then deleted."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort

from neurocortex.embedded.running import Running

NOT_FINAL: Final = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.CANCELLING,
    StateType.PAUSED,
]

logger = logging.getLogger(__name__)


class OldResults:
    """Deletes the results in a folder that are old and of runs that have ended.

    Prefect keeps them for ever. It names them by random keys, so that a result does not tell its
    run; but none is older than its run, and those written before the oldest run that goes on (a
    suspended one may do so for weeks) are of others.
    """

    def __init__(self, client: PrefectClient, folder: Path, keep: timedelta) -> None:
        """Take the folder, which may be missing, and the age up to which results are kept."""
        self._client = client
        self._folder = folder
        self._keep = keep

    @classmethod
    def of(cls, client: PrefectClient, running: Running) -> "OldResults":
        """Return those of a platform, kept as long as its settings say."""
        keep = timedelta(days=running.settings.worker.keep_results_days)
        return cls(client, running.home.prefect / "storage", keep)

    async def prune(self) -> int:
        """Delete what is too old; return how many results that were."""
        limit = datetime.now(UTC) - self._keep
        oldest = await self._oldest_start()
        if oldest is not None:
            limit = min(limit, oldest)
        deleted = await asyncio.to_thread(_delete_before, self._folder, limit)
        if deleted:
            logger.info("Deleted %d results from before %s.", deleted, limit.isoformat())
        return deleted

    async def _oldest_start(self) -> datetime | None:
        """Return when the run began that has gone on for longest; None where none goes on."""
        going_on = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=NOT_FINAL)),
            start_time=FlowRunFilterStartTime(is_null_=False),
        )
        runs = await self._client.read_flow_runs(
            flow_run_filter=going_on, sort=FlowRunSort.START_TIME_ASC, limit=1
        )
        return runs[0].start_time if runs else None


def _delete_before(folder: Path, limit: datetime) -> int:
    deleted = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.stat().st_mtime < limit.timestamp():
                path.unlink()
                deleted += 1
        except FileNotFoundError:
            continue  # another worker of this machine was faster
    return deleted
