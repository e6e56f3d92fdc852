"""The load under which the killing goes on: short runs of all tiers and several tenants."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType

from benchmarks._runs import PAGE
from neurocortex.domain.deployments import Tier
from neurocortex.errors import LedgerUnavailableError
from neurocortex.ledger.wakes import Wakes

ENTRYPOINT: Final = "benchmarks._chaos_flow.mark"
TENANTS: Final = ("acme", "globex", "initech")
UNDER_WAY: Final = 10
"""Runs that wait or run at any time: more than there are slots."""
EVERY_S: Final = 0.3
SHORTEST_S, LONGEST_S = 0.5, 4.0
LIMITED: Final = "limited"
LIMIT: Final = 1
"""Runs of the deployment `limited` that may run at once."""
LIMITED_TIMES: Final = 3
"""It gets so many times the runs of another one: some always wait for its limit."""

NOT_ENDED: Final = [
    *(StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING),
    *(StateType.PAUSED, StateType.CANCELLING),
]


@dataclass(slots=True)
class Load:
    """Submits runs; once `deploy` has made the deployments."""

    client: PrefectClient
    wakes: Wakes
    book: Path
    chance: random.Random
    deployments: dict[UUID, str] = field(default_factory=dict)
    """Names by id."""
    _pools: dict[UUID, str] = field(default_factory=dict)

    async def deploy(self) -> None:
        """Make a deployment that restarts lost runs and one that does not, for each tier, and one
        that may run once at a time."""
        flow = await self.client.create_flow_from_name("mark")
        for tier in Tier:
            await self._deploy(flow, f"{tier.value}-again", tier, restart=True)
            await self._deploy(flow, f"{tier.value}-once", tier, restart=False)
        await self._deploy(flow, LIMITED, Tier.HIGH, restart=True, limit=LIMIT)

    async def go_on(self) -> None:
        """Submit until cancelled."""
        while True:
            try:
                for _ in range(UNDER_WAY - len(await self.runs(NOT_ENDED))):
                    await self.submit()
            except (httpx.TransportError, httpx.HTTPStatusError, LedgerUnavailableError):
                # Redis was killed. Whether the run exists is seen at the end: all are read.
                await asyncio.sleep(EVERY_S)
            await asyncio.sleep(EVERY_S)

    async def submit(self) -> None:
        """Submit a run of any deployment and tenant; one in two is announced."""
        names = self.deployments
        weights = [LIMITED_TIMES if name == LIMITED else 1 for name in names.values()]
        deployment = self.chance.choices(list(names), weights)[0]
        await self.client.create_flow_run_from_deployment(
            deployment,
            parameters={
                "seconds": round(self.chance.uniform(SHORTEST_S, LONGEST_S), 2),
                "deployment": self.deployments[deployment],
                "book": str(self.book),
            },
            job_variables={"tenant": self.chance.choice(TENANTS)},
        )
        if self.chance.random() < 0.5:
            await self.wakes.announce(self._pools[deployment])

    async def runs(self, states: list[StateType] | None = None) -> list[FlowRun]:
        """Return all runs of the load, or those in these states."""
        which = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states)))
        ours = DeploymentFilter(id=DeploymentFilterId(any_=list(self.deployments)))
        found: list[FlowRun] = []
        while True:
            page = await self.client.read_flow_runs(
                flow_run_filter=which if states else None,
                deployment_filter=ours,
                limit=PAGE,
                offset=len(found),
            )
            found += page
            if len(page) < PAGE:
                return found

    async def _deploy(
        self, flow: UUID, name: str, tier: Tier, *, restart: bool, limit: int | None = None
    ) -> None:
        variables: Mapping[str, object] = {"restart_when_lost": restart, "memory": 64}
        deployment = await self.client.create_deployment(
            flow,
            name=name,
            entrypoint=ENTRYPOINT,
            work_pool_name=tier.value,
            job_variables=dict(variables),
            concurrency_limit=limit,
        )
        self.deployments[deployment] = name
        self._pools[deployment] = tier.value
