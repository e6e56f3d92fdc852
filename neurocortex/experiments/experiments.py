"""Experiments begun, judged and stopped: PostgreSQL, and Redis in front of it."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from redis.asyncio import Redis

from neurocortex.errors import ExperimentApplyError, ExperimentEndedError
from neurocortex.experiments.plan import Experiment, ExperimentSpec, State
from neurocortex.experiments.store import ExperimentTable, Known, Snapshot
from neurocortex.snapshots.front import SnapshotFront

KEY: Final = "experiments"
"""Of the snapshot in Redis."""


class Experiments:
    """All experiments of a platform."""

    def __init__(self, redis: Redis, table: ExperimentTable) -> None:
        """Keep them in the table, with a Redis (`decode_responses=False`) in front."""
        self._front = SnapshotFront(redis, KEY, Snapshot)
        self.table: Final = table

    async def snapshot(self) -> Snapshot:
        """Return the experiments that run, and those of which a variant is applied.

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

    async def apply(self, name: str, variant: str | None, by: str) -> Experiment:
        """Serve requests as a variant of an experiment has them, until that is withdrawn.

        Args:
            name: of the experiment, which has ended.
            variant: its name; None: the one that won.
            by: who wants that.

        Raises:
            ExperimentNotFoundError: there is none of that name.
            ExperimentApplyError: it runs, it has no such variant, or that would change nothing.
        """
        known = (await asyncio.to_thread(self.table.known, name)).experiment
        return await self._change(known, appliable(known, variant), by)

    async def withdraw(self, name: str, by: str) -> Experiment:
        """Serve requests as they ask again.

        Raises:
            ExperimentApplyError: no variant of an experiment of that name is applied.
        """
        found = await asyncio.to_thread(self.table.snapshot)
        own = [each for each in found.applied if each.spec.name == name]
        if not own:
            raise ExperimentApplyError(name, "no variant of it is applied")
        for each in own:
            last = await self._change(each, None, by)
        return last

    async def _change(self, known: Experiment, variant: str | None, by: str) -> Experiment:
        changed = await asyncio.to_thread(self.table.change, known.id, variant, by)
        await self._tell()
        return changed

    async def _tell(self) -> None:
        await self._front.publish(await asyncio.to_thread(self.table.snapshot))


def appliable(experiment: Experiment, variant: str | None) -> str:
    """Return the name of the variant to apply; None: the one that won.

    Raises:
        ExperimentApplyError: there is no such variant, or it cannot be applied.
    """
    spec, name = experiment.spec, variant or experiment.winner
    names = ", ".join(each.name for each in spec.variants)
    chosen = next((each for each in spec.variants if each.name == name), None)
    if experiment.is_running:
        reason = f"it runs still. End it first: neurocortex experiments stop {spec.name}"
    elif name is None:
        reason = f"no variant won. Say which one is to serve, with --variant: {names}"
    elif chosen is None:
        reason = f"it has no variant {name!r}. It has: {names}"
    elif not chosen.set:
        reason = f"{name} serves already, as it leaves requests as they are"
    elif experiment.applied == chosen:
        reason = f"{name} is applied already"
    else:
        return chosen.name
    raise ExperimentApplyError(spec.name, reason)
