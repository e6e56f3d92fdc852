"""How soon a run of the tier high starts behind long queues of the tiers below it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import psycopg
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from benchmarks._postgres import say
from benchmarks._runs import PAGE, POLL_S, TIMEOUT_S, Target, deploy
from neurocortex.domain.deployments import Tier
from neurocortex.ledger.wakes import Wakes

TRIVIAL: Final = "benchmarks._flows.trivial"
WAITING: Final = "benchmarks._flows.waiting"
QUEUED_FOR_S: Final = 1.5
"""So long each run of the queues takes: a slot becomes free every half a second or so."""

COPIES: Final = """
WITH made AS (
  SELECT gen_random_uuid() AS run, gen_random_uuid() AS state FROM generate_series(1, %(count)s)
), states AS (
  INSERT INTO flow_run_state
  SELECT (jsonb_populate_record(one, jsonb_build_object('id', state, 'flow_run_id', run))).*
  FROM flow_run_state AS one CROSS JOIN made WHERE one.flow_run_id = %(run)s
)
INSERT INTO flow_run
SELECT (jsonb_populate_record(one, jsonb_build_object('id', run, 'name', run, 'state_id', state))).*
FROM flow_run AS one CROSS JOIN made WHERE one.id = %(run)s
"""
"""Copies a run that was just submitted, with its only state."""

BELOW: Final = (Tier.MEDIUM, Tier.LOW)


@dataclass(frozen=True, slots=True)
class Queues:
    """Runs that wait in the tiers medium and low."""

    client: PrefectClient
    deployments: tuple[UUID, ...]

    async def begun(self) -> None:
        """Wait until one of them has ended: the slots are theirs."""
        async with asyncio.timeout(TIMEOUT_S):
            while not await self._ends():
                await asyncio.sleep(POLL_S)

    async def start_s(self, target: Target) -> float:
        """Submit a run; return the seconds from when a run of the queues ended next to Running.

        Below 0 where the slot of one that ended just before was still free; since it was submitted
        where none of them ended meanwhile.
        """
        submitted = datetime.now(UTC)
        running = (await target.running_at()).timestamp()
        ends = await self._ends(submitted)
        return running - min(ends, default=submitted).timestamp()

    async def _ends(self, after: datetime | None = None) -> list[datetime]:
        which = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(self.deployments)),
            end_time=FlowRunFilterEndTime(after_=after, is_null_=False),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED])),
        )
        found = await self.client.read_flow_runs(flow_run_filter=which, limit=PAGE)
        return [run.end_time for run in found if run.end_time is not None]


async def fill(client: PrefectClient, database_url: str, each: int) -> Queues:
    """Have so many runs wait in each tier, before there is a worker to take them.

    Args:
        client: of the Prefect server.
        database_url: of its database. One run of each tier is submitted and copied there: through
            the API 2000 would take the server two minutes.
        each: of each tier.
    """
    say(f"{each} runs wait in each of the tiers {' and '.join(BELOW)}")
    made = []
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for tier in BELOW:
            target = await deploy(client, WAITING, tier.value)
            run = await target.submit(seconds=QUEUED_FOR_S)
            await connection.execute(COPIES, {"run": run.id, "count": each - 1})
            made.append(target.id)
    return Queues(client, tuple(made))


async def starts(queues: Queues, wakes: Wakes, count: int) -> list[float]:
    """Return how soon runs of high start, one after the other, behind the queues; see `start_s`.

    Needs a worker that serves the tiers.
    """
    target = await deploy(queues.client, TRIVIAL, Tier.HIGH.value, wakes)
    await queues.begun()
    found = []
    for _ in range(count):
        found.append(await queues.start_s(target))
        say(f"high: Running {found[-1]:.2f} s after a run of the queues ended")
    return found
