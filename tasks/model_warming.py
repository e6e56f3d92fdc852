"""Models in the memory of a lane process before anybody asks for them."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpx

import blocks
from blocks import saved
from neurocortex.cancellation import is_cancelled
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import ConnectorError, ForgeError, ForgeUnavailableError
from neurocortex.forge.champions import champions
from neurocortex.realtime.ending import end
from neurocortex.settings import Settings
from tasks.model_memory import memory
from tasks.publish_window import api_answers
from tasks.rollout_standing import standing

LEAST_S: Final = 1.0
"""Between two looks at who serves."""

AWAY: Final = (OSError, ConnectorError, ForgeUnavailableError, httpx.HTTPError)

logger = logging.getLogger(__name__)


class Warming:
    """Loads what serves, at the start and when another version does: each version once, so that
    one which nobody asks for may be unloaded again."""

    def __init__(self, forge: str = DEFAULT_BLOCK) -> None:
        """Warm the champions of a Forge block."""
        self._forge = forge
        self._seen: set[tuple[str, int]] = set()

    async def run(self, every_s: float) -> None:
        """Go on for ever."""
        while not is_cancelled():
            # Prefect's client would try for minutes to reach a server that is not there yet.
            is_there = await api_answers()
            try:
                if is_there:
                    await self.once()
            except AWAY as error:
                logger.debug("Models are loaded when they are asked for: %s", error)
            except Exception:
                logger.exception("Models are loaded when they are asked for")
            await asyncio.sleep(every_s if is_there else LEAST_S)

    async def once(self) -> None:
        """Load the champions that were not seen yet and for which there is room."""
        for model, number in sorted((await asyncio.to_thread(self._champions)).items()):
            if (model, number) in self._seen:
                continue
            rollout = await standing().of(self._forge, model)
            deployed = rollout.deployed(number) if rollout else None
            at_once = deployed.concurrency if deployed else None
            try:
                is_warm = await asyncio.to_thread(memory.warm, self._forge, model, number, at_once)
            except ForgeUnavailableError:
                raise
            except ForgeError as error:  # who asks for it is told the same
                logger.warning("%s", error)
            else:
                said = "is in memory" if is_warm else "is loaded when it is asked for: it is large"
                logger.info("Version %d of %s %s", number, model, said)
            self._seen.add((model, number))

    def _champions(self) -> dict[str, int]:
        return dict(champions(saved.load(blocks.Forge, self._forge).place))


@asynccontextmanager
async def warming(chosen: Settings) -> AsyncGenerator[None]:
    """Warm models beside what this process serves."""
    going = asyncio.create_task(Warming().run(max(LEAST_S, chosen.forge.champion_s)))
    try:
        yield
    finally:
        await end([going])
