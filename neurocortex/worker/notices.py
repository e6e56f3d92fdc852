"""Notices on runs that wait: an artifact on the run's page says why, and for how long still."""

import time
from collections.abc import Mapping
from itertools import islice
from typing import Final
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Work
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.scheduling.policy import Policy
from neurocortex.worker.allocator import LEAD_S
from neurocortex.worker.due import DueRuns
from neurocortex.worker.explaining import sentence, why

PATIENCE_S: Final = 10.0
"""A run that waits for less needs no explanation."""

AT_A_TIME: Final = 10
"""Runs with a notice in each tier, those that wait longest: each is a call to the API."""

EVERY_S: Final = 30.0
"""How often a notice is brought up to date."""


class Notices:
    """Writes them, from the one worker that allocates."""

    def __init__(
        self,
        client: PrefectClient,
        ledger: Ledger,
        allocations: Allocations,
        worker: str,
        policy: Policy,
    ) -> None:
        """Take where to write, and what to explain by."""
        self._client = client
        self._ledger = ledger
        self._allocations = allocations
        self._worker = worker
        self._policy = policy
        self._written: dict[UUID, tuple[UUID, float]] = {}

    async def write(self, due: DueRuns, limits: Mapping[Tier, int]) -> None:
        """Write what is missing or out of date."""
        waiting = _longest(due)
        self._written = {run: at for run, at in self._written.items() if run in due.backlog}
        if not waiting or not await self._allocations.lead(self._worker, LEAD_S):
            return
        usage = await self._ledger.usage(self._worker)
        for work in waiting:
            known = self._written.get(work.id)
            if known is not None and time.monotonic() - known[1] < EVERY_S:
                continue
            if work.id not in due.backlog:
                continue  # it was started meanwhile
            found = await why(work.id, due.backlog, self._ledger, usage, limits, self._policy)
            text = (
                f"{sentence(found, work.tier)} (At {time.strftime('%H:%M:%S UTC', time.gmtime())})"
            )
            artifact = await self._put(work.id, known[0] if known else None, text)
            self._written[work.id] = (artifact, time.monotonic())

    async def _put(self, run: UUID, artifact: UUID | None, text: str) -> UUID:
        if artifact is not None:
            await self._client.update_artifact(artifact, ArtifactUpdate(data=text))
            return artifact
        made = await self._client.create_artifact(
            ArtifactCreate(
                type="markdown", description="Why this run waits", data=text, flow_run_id=run
            )
        )
        return made.id


def _longest(due: DueRuns) -> list[Work]:
    """Return the runs of each tier that have waited longest."""
    before = time.time() - PATIENCE_S
    return [
        aged.entry.work
        for tier in Tier
        for aged in islice(due.backlog.oldest(tier), AT_A_TIME)
        if aged.since < before
    ]
