"""Rollouts begun, judged and ended: PostgreSQL, Redis in front of it, and the registry's alias."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from neurocortex.errors import NoRolloutError, RolloutError
from neurocortex.rollout.counts import Counts
from neurocortex.rollout.front import Front
from neurocortex.rollout.judging import Judged
from neurocortex.rollout.plan import Deployed, Rollout, State, Strategy
from neurocortex.rollout.standing import Standing
from neurocortex.rollout.store import RolloutTable, Snapshot
from neurocortex.rollout.verdicts import Verdict

BEGUN: Final = timedelta(seconds=10)
"""Until then who begins a rollout may be about to change the champion."""


class Champions(Protocol):
    """The registry, as far as rollouts need it. Its methods block."""

    def champion(self, model: str) -> int | None:
        """Return the number of the version that serves; None: none does."""
        ...

    def crown(self, model: str, version: int) -> None:
        """Let a version serve.

        Raises:
            ModelNotFoundError: there is none of that number.
        """
        ...


class Rollouts:
    """All rollouts of a platform."""

    def __init__(self, redis: Redis, table: RolloutTable) -> None:
        """Keep them in the table, with a Redis (`decode_responses=False`) in front."""
        self._front = Front(redis)
        self._table = table

    async def snapshot(self) -> Snapshot:
        """Return the last rollout of each model.

        Raises:
            RedisError: Redis does not answer.
            LakeUnavailableError: Redis was emptied, and PostgreSQL does not answer.
        """
        known = await self._front.read()
        if known is not None:
            return known
        found = await asyncio.to_thread(self._table.snapshot)
        await self._front.publish(found)
        return found

    async def begin(self, rollout: Rollout, champions: Champions) -> Rollout:
        """Begin a rollout; its stable version keeps what an earlier rollout allowed it.

        Raises:
            RolloutRunningError: another one of the model runs.
            LakeUnavailableError: PostgreSQL does not answer.
        """
        earlier = (await asyncio.to_thread(self._table.snapshot)).of(rollout.forge, rollout.model)
        kept = earlier.deployed(rollout.stable.version) if earlier is not None else None
        if kept is not None:
            rollout = rollout.model_copy(update={"stable": kept})
        await asyncio.to_thread(self._table.begin, rollout)
        if rollout.strategy is Strategy.BLUE_GREEN:
            await asyncio.to_thread(champions.crown, rollout.model, rollout.candidate.version)
        await self._tell()
        return rollout

    async def end(self, rollout: Rollout, verdict: Verdict, champions: Champions) -> Rollout | None:
        """End a rollout as a verdict says; None: somebody else has done that already.

        The alias changes first: whoever is cut off in between leaves a rollout that `settled`
        brings to its end.
        """
        if verdict.state is not State.SUPERSEDED:
            winner = rollout.ended(verdict.state, "", rollout.started_at).winner.version
            await asyncio.to_thread(champions.crown, rollout.model, winner)
        ended = await asyncio.to_thread(self._table.end, rollout, verdict.state, verdict.reason)
        await self._tell()
        return ended

    async def judge(self, rollout: Rollout, champions: Champions) -> Rollout | None:
        """Look at a rollout that runs; return it if it ended by that.

        Raises:
            RedisError, LakeUnavailableError, ForgeUnavailableError: somebody does not answer.
        """
        counts = await self.counts(rollout)
        found = await asyncio.to_thread(self._table.judge, rollout, counts)
        if found is None:
            champion = await asyncio.to_thread(champions.champion, rollout.model)
            found = settled(rollout, champion, datetime.now(UTC))
        return None if found is None else await self.end(rollout, found, champions)

    async def tell_counts(self, standing: Standing) -> None:
        """Tell Redis what a process counted; what cannot be told is kept."""
        for rollout, (counts, broken) in standing.taken().items():
            try:
                await self._front.count(rollout, counts, broken)
            except (RedisError, OSError):
                standing.put_back(rollout, counts, broken)

    async def running(self, forge: str, model: str) -> Rollout:
        """Return the rollout of a model that runs, as PostgreSQL has it.

        Raises:
            NoRolloutError: there is none.
        """
        found = (await asyncio.to_thread(self._table.snapshot)).of(forge, model)
        if found is None or not found.is_running:
            raise NoRolloutError(model)
        return found

    async def counts(self, rollout: Rollout) -> Counts:
        """Return what Redis counted of a rollout so far."""
        return await self._front.counts(rollout.id)

    async def judged(self, rollout: Rollout) -> Judged:
        """Return what was known at the last look."""
        return await asyncio.to_thread(self._table.judged, rollout.id)

    async def _tell(self) -> None:
        await self._front.publish(await asyncio.to_thread(self._table.snapshot))


def settled(rollout: Rollout, champion: int | None, now: datetime) -> Verdict | None:
    """Return how a rollout ended because somebody changed the champion; None: nobody did."""
    if champion is None or champion == rollout.expected_champion:
        return None
    if now - rollout.started_at < BEGUN:
        return None
    if champion == rollout.candidate.version:
        return Verdict(State.PROMOTED, "somebody let it serve")
    if champion == rollout.stable.version:
        return Verdict(State.RETURNED, "somebody let the old version serve again")
    return Verdict(State.SUPERSEDED, f"version {champion} serves meanwhile")


def require_other(model: str, serving: int | None, wanted: Deployed) -> int:
    """Return the version that a new one is compared with.

    Raises:
        RolloutError: no version serves, or this one does already.
    """
    if serving is None:
        raise RolloutError(
            model,
            f"No version of {model} serves, so there is nothing to compare version"
            f" {wanted.version} with. Let it serve: neurocortex models promote {model}"
            f" {wanted.version}",
        )
    if serving == wanted.version:
        raise RolloutError(model, f"Version {serving} of {model} serves already.")
    return serving
