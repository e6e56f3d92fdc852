"""What holds runs to their memory and their cores: the kernel by cgroups, or else the worker.

Either way a run is held to whole cores by affinity, ends with all it has started (`reaper`), and to
its time by the worker.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from prefect.client.schemas.objects import State
from prefect.logging import get_logger

from neurocortex.worker import cgroups
from neurocortex.worker.enclosures import CgroupEnclosures
from neurocortex.worker.limits import Limits
from neurocortex.worker.watching import WatchedRuns

logger = get_logger("worker.limits")
"""One of Prefect's, whose information people see."""


class Enclosure(Protocol):
    """Holds one run to its limits, from before its process starts to after its end."""

    @property
    def entrance(self) -> str:
        """The file that its process writes itself into before anything else; empty: none."""

    @property
    def peak_mb(self) -> float | None:
        """The most memory that it was seen to take; None: it ended before anybody looked."""

    @property
    def cpu_s(self) -> float | None:
        """Processor time of all its processes; None: only its parent knows, and in part."""

    async def watch(self, pid: int) -> State:
        """Return the state in which a run that is over a limit is to be ended; else go on."""

    def verdict(self) -> State | None:
        """Return the state for a run that the kernel has ended over a limit; None for others."""


class Enforcement(Protocol):
    """Holds the runs of a worker to their limits."""

    def enclose(self, limits: Limits) -> AbstractContextManager[Enclosure]:
        """Hold one run."""


@contextmanager
def enforcement() -> Iterator[Enforcement]:
    """Choose what holds the runs of this process, say so in the log, and tidy up at the end."""
    found = cgroups.find()
    why_not = cgroups.obstacle(found)
    if why_not is None and found.folder is not None:
        try:
            held = CgroupEnclosures(found)
        except OSError as error:
            why_not = f"its cgroup cannot be divided: {error}"
        else:
            logger.info("Memory and cores of runs: %s", cgroups.said(None))
            with held:
                yield held
            return
    logger.info("Memory and cores of runs: %s", cgroups.said(why_not))
    yield WatchedRuns()
