"""Experiments in a lane process: looked at, and their ends published. And read, for a report."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from redis.exceptions import RedisError

from neurocortex.cancellation import is_cancelled
from neurocortex.errors import ConnectorError, NotRunningError
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.opening import of_settings
from neurocortex.experiments.plan import Experiment
from neurocortex.experiments.store import ExperimentTable, Known
from neurocortex.realtime.ending import end
from neurocortex.settings import Settings, settings, variable
from tasks.options import STEP
from tasks.publish_experiment import announce

LOOK_S: Final = 1.0
"""Between looks: so soon a variant that breaks a guardrail is stopped."""

AWAY: Final = (RedisError, OSError, ConnectorError, httpx.HTTPError, PrefectException)

logger = logging.getLogger(__name__)


@task(**STEP, task_run_name="read the experiment {name}", cache_policy=NO_CACHE)
def read_experiment(name: str) -> Known:
    """Return the last experiment of a name, with its figures.

    Raises:
        ExperimentNotFoundError: there is none.
        LakeUnavailableError: PostgreSQL does not answer.
    """
    url = settings().database_url
    if url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    with ExperimentTable(url.get_secret_value()) as table:
        return table.known(name)


class Looks:
    """What a lane process does for experiments."""

    def __init__(self, experiments: Experiments) -> None:
        """Look at the experiments of a platform."""
        self._experiments = experiments
        self._untold: list[Experiment] = []

    async def run(self) -> None:
        """Go on for ever."""
        while not is_cancelled():
            await asyncio.sleep(LOOK_S)
            try:
                await self.once()
            except AWAY as error:
                logger.warning("Experiments are looked at later: %s", error)
            except Exception:  # an end of this would leave a broken variant serving
                logger.exception("Experiments are looked at again in a moment")

    async def once(self) -> None:
        """Look at those that run, and publish what changed by that."""
        for each in (await self._experiments.snapshot()).experiments:
            changed = await self._experiments.judge(each)
            self._untold += [changed] if changed is not None else []
        while self._untold:
            name = self._untold[0].spec.name
            known = await asyncio.to_thread(self._experiments.table.known, name)
            await asyncio.to_thread(announce, known)
            del self._untold[0]


@asynccontextmanager
async def experimenting(chosen: Settings) -> AsyncGenerator[None]:
    """Let this process look at experiments meanwhile.

    Raises:
        NotRunningError: there is no Redis or no PostgreSQL.
    """
    async with of_settings(chosen) as experiments:
        looking = asyncio.create_task(Looks(experiments).run())
        try:
            yield
        finally:
            await end([looking])
