"""Beginning rollouts, and in a lane process: models warmed, counts told, rollouts judged."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import (
    ConnectorError,
    ForgeError,
    ModelCorruptError,
    ModelMemoryError,
    ModelNotFoundError,
)
from neurocortex.realtime.ending import end
from neurocortex.rollout import opening
from neurocortex.rollout.plan import Deployed, Guard, Rollout, Strategy
from neurocortex.rollout.rollouts import Rollouts, require_other
from neurocortex.rollout.standing import FRESH_S, Standing
from neurocortex.settings import Settings, settings
from tasks.model_memory import memory, registry_of
from tasks.options import STEP
from tasks.publish_rollout import publish_end
from tasks.rollout_standing import kept

logger = logging.getLogger(__name__)

AWAY: Final = (RedisError, OSError, ConnectorError, httpx.HTTPError)


@task(**STEP, task_run_name="begin the rollout of {model}", cache_policy=NO_CACHE)
def begin_rollout(
    forge: str,
    model: str,
    candidate: Deployed,
    strategy: Strategy,
    percent: float,
    guard: Guard,
) -> Rollout:
    """Begin a rollout, once it is known that the new version can be loaded.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelCorruptError, ModelMemoryError: it cannot be loaded as it is to be deployed.
        RolloutError: no version serves, this one does, or another rollout runs.
    """
    registry = registry_of(forge)
    serving = require_other(model, registry.champion(model), candidate)
    registry.load(registry.version(model, str(candidate.version)), candidate.memory_bytes)
    rollout = Rollout(
        id=uuid4(),
        forge=forge,
        model=model,
        strategy=strategy,
        percent=percent,
        stable=Deployed(version=serving),
        candidate=candidate,
        guard=guard,
        started_at=datetime.now(UTC),
    )

    async def begin() -> Rollout:
        async with opening.of_settings(settings()) as rollouts:
            return await rollouts.begin(rollout, registry)

    return asyncio.run(begin())


class Rounds:
    """What a lane process does for rollouts besides serving."""

    def __init__(self, rollouts: Rollouts, standing: Standing, judge_s: float) -> None:
        """Judge the rollouts every `judge_s` seconds, and look for new ones more often."""
        self._rollouts = rollouts
        self._standing = standing
        self._judge_s = judge_s
        self._judged_at = time.monotonic()
        self._untold: list[Rollout] = []

    async def run(self) -> None:
        """Go on for ever."""
        while not is_cancelled():
            await asyncio.sleep(FRESH_S)
            try:
                await self._once()
            except Exception:  # an end of this would leave a bad version serving
                logger.exception("Rollouts are looked at again in a moment")

    async def _once(self) -> None:
        snapshot = await self._standing.snapshot()
        broken = [await self._warm(each) for each in snapshot.running]
        if any(broken) or time.monotonic() - self._judged_at >= self._judge_s:
            self._judged_at = time.monotonic()
            await self._judge(snapshot.running)

    async def _judge(self, running: Sequence[Rollout]) -> None:
        """Tell what this process counted, judge the rollouts, and say which ended by that."""
        await self._rollouts.tell_counts(self._standing)
        for rollout in running:
            try:
                registry = await asyncio.to_thread(memory.registry, rollout.forge)
                ended = await self._rollouts.judge(rollout, registry)
            except AWAY as error:
                logger.warning("The rollout of %s is judged later: %s", rollout.model, error)
            except ForgeError:
                logger.exception("The rollout of %s cannot be ended", rollout.model)
            else:
                self._untold += [ended] if ended else []
        while self._untold:
            try:
                judged = await self._rollouts.judged(self._untold[0])
                await asyncio.to_thread(publish_end, self._untold[0], judged)
            except AWAY as error:
                logger.warning("The end of a rollout is published later: %s", error)
                return
            del self._untold[0]

    async def _warm(self, rollout: Rollout) -> bool:
        """Have both versions in memory; tell whether the candidate can never be."""
        try:
            await asyncio.to_thread(_load, rollout, rollout.stable)
        except (ForgeError, *AWAY) as error:
            logger.info("Version %d is not loaded yet: %s", rollout.stable.version, error)
            return False
        try:
            await asyncio.to_thread(_load, rollout, rollout.candidate)
        except (ModelCorruptError, ModelMemoryError, ModelNotFoundError) as error:
            self._standing.broken(rollout, str(error).removesuffix("."))
            return True
        except (ForgeError, *AWAY) as error:
            logger.info("Version %d is not loaded yet: %s", rollout.candidate.version, error)
            return False
        self._standing.warmed(rollout)
        return False


@asynccontextmanager
async def rolling_out(chosen: Settings) -> AsyncGenerator[None]:
    """Let this process take part in rollouts meanwhile.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    async with opening.of_settings(chosen) as rollouts:
        standing = Standing(
            rollouts.snapshot, lambda each: memory.forget_champions(each.forge, each.model)
        )
        rounds = Rounds(rollouts, standing, chosen.realtime.window_s)
        going = asyncio.create_task(rounds.run())
        try:
            with kept(standing):
                yield
        finally:
            await end([going])
            await rollouts.tell_counts(standing)


def _load(rollout: Rollout, deployed: Deployed) -> None:
    asked = (rollout.forge, rollout.model, str(deployed.version))
    with memory.using(*asked, deployed.memory_bytes, deployed.concurrency):
        pass
