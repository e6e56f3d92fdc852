"""Persisted results of runs: where they are kept, and that old ones are deleted."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException

from neurocortex.embedded.running import Running

NOT_FINAL: Final = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.CANCELLING,
    StateType.PAUSED,
]

KNOWN_S: Final = 10.0
"""So long after somebody set another default storage on the server, runs keep to the one before."""

logger = logging.getLogger(__name__)


class DefaultStorage:
    """Where runs keep results whose flow names no storage: in files, or where the server says.

    Prefect's engine asks the server twice in each run; here the worker asks now and then for all.
    """

    def __init__(self, client: PrefectClient) -> None:
        """Take where to ask."""
        self._client = client
        self._in_files = False
        self._asked_at = 0.0

    async def is_in_files(self) -> bool:
        """Return whether the server names no storage; False as well where that is not known."""
        if not self._asked_at or time.monotonic() - self._asked_at > KNOWN_S:
            try:
                known = await self._client.read_server_default_result_storage()
            except (httpx.HTTPError, PrefectException) as error:
                logger.debug("Runs ask for the default storage themselves: %r", error)
                return False
            self._in_files = known.default_result_storage_block_id is None
            self._asked_at = time.monotonic()
        return self._in_files


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
