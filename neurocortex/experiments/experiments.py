"""Experiments begun, judged and stopped: PostgreSQL, and Redis in front of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from redis.asyncio import Redis

from neurocortex.errors import ExperimentEndedError, NotRunningError
from neurocortex.experiments.front import Front
from neurocortex.experiments.plan import Experiment, ExperimentSpec, State
from neurocortex.experiments.store import ExperimentTable, Known, Snapshot
from neurocortex.settings import variable

TIMEOUT_S: Final = 2.0
"""Of a call to Redis: requests go on with what was known."""


class Experiments:
    """All experiments of a platform."""

    def __init__(self, redis: Redis, table: ExperimentTable) -> None:
        """Keep them in the table, with a Redis (`decode_responses=False`) in front."""
        self._front = Front(redis)
        self.table: Final = table

    async def snapshot(self) -> Snapshot:
        """Return the experiments that run.

        Raises:
            RedisError: Redis does not answer.
            LakeUnavailableError: Redis was emptied, and PostgreSQL does not answer.
        """
        known = await self._front.read()
        if known is not None:
            return known
        found = await asyncio.to_thread(self.table.snapshot)
        await self._front.publish(found)
        return found

    async def begin(self, spec: ExperimentSpec) -> Experiment:
        """Begin an experiment.

        Raises:
            ExperimentRunningError: another one is made with the same operation.
            LakeUnavailableError: PostgreSQL does not answer.
        """
        experiment = Experiment(id=uuid4(), spec=spec, started_at=datetime.now(UTC))
        await asyncio.to_thread(self.table.begin, experiment)
        await self._tell()
        return experiment

    async def judge(self, experiment: Experiment) -> Experiment | None:
        """Look at an experiment that runs; return it if it ended or lost a variant by that.

        Raises:
            RedisError, LakeUnavailableError: somebody does not answer.
        """
        changed = await asyncio.to_thread(self.table.judge, experiment.id)
        if changed is not None:
            await self._tell()
        return changed

    async def stop(self, name: str) -> Known:
        """Stop an experiment by hand: what it looks like then decides nothing.

        Raises:
            ExperimentNotFoundError: there is none of that name.
            ExperimentEndedError: it does not run.
        """
        known = await asyncio.to_thread(self.table.known, name)
        now = datetime.now(UTC)
        ended = known.experiment.ended(State.STOPPED, None, "somebody stopped it", now)
        if not await asyncio.to_thread(self.table.end, ended):
            raise ExperimentEndedError(name, known.experiment.reason)
        await self._tell()
        return Known(ended, known.figures)

    async def _tell(self) -> None:
        await self._front.publish(await asyncio.to_thread(self.table.snapshot))


@asynccontextmanager
async def opened(redis_url: str | None, database_url: str | None) -> AsyncGenerator[Experiments]:
    """Give the experiments of a platform, for one event loop.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    if redis_url is None:
        raise NotRunningError("Redis", variable("redis_url"))
    if database_url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    async with Redis.from_url(redis_url, socket_timeout=TIMEOUT_S) as redis:
        with ExperimentTable(database_url) as table:
            yield Experiments(redis, table)
