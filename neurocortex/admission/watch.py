"""How busy this machine is, looked at once a second, and what lower tiers are told for it."""

import asyncio
import logging
import math
from typing import Final

import psutil

from neurocortex.admission.admission import Admission
from neurocortex.admission.values import Pressure, Standing
from neurocortex.errors import AdmissionUnavailableError

EVERY_S: Final = 1.0

SMOOTHED_OVER_S: Final = 10.0
"""Time constant of the processor's share: a burst of some seconds is no overload."""

logger = logging.getLogger(__name__)


def smoothed(before: float, newest: float, elapsed_s: float) -> float:
    """Return an exponential moving average, after a time in which the newest value held."""
    return newest + (before - newest) * math.exp(-elapsed_s / SMOOTHED_OVER_S)


class LoadWatch:
    """Sheds load for one machine. A platform may have several: the busiest decides."""

    def __init__(self, admission: Admission) -> None:
        """Shed through an admission."""
        self._admission = admission
        self.pressure = Pressure(cpu=0.0, memory=0.0)
        self.standing: Standing | None = None
        """All queues as they were a second ago at most; None: Redis never answered."""

    async def run(self) -> None:
        """Look once a second, until cancelled. An unreachable Redis is looked for again."""
        psutil.cpu_percent()  # the first call only begins to measure
        shed: tuple[str, ...] = ()
        while True:
            await asyncio.sleep(EVERY_S)
            self.pressure = Pressure(
                cpu=smoothed(self.pressure.cpu, psutil.cpu_percent() / 100, EVERY_S),
                memory=psutil.virtual_memory().percent / 100,
            )
            try:
                tiers = tuple(tier.value for tier in await self._admission.shed(self.pressure))
                self.standing = await self._admission.standing()
            except AdmissionUnavailableError as error:
                logger.warning("The load cannot be told to the other gateways: %s", error)
                continue
            if tiers != shed:
                self._say(tiers)
                shed = tiers

    def _say(self, tiers: tuple[str, ...]) -> None:
        if not tiers:
            logger.info("The load of this machine is below its limit again.")
            return
        logger.warning(
            "Processor %.0f %%, memory %.0f %%: requests of tier %s are refused for %g s.",
            self.pressure.cpu * 100,
            self.pressure.memory * 100,
            " and ".join(tiers),
            self._admission.limits.shed_for_s,
        )
