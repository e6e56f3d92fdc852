"""What this machine has to share out among flow runs."""

import os
import shutil
from pathlib import Path
from typing import Final

import psutil

from neurocortex.domain.work import Resources
from neurocortex.settings import WorkerSettings

MEMORY_SHARE: Final = 0.75
"""The rest is for the services beside the worker, and for what runs share."""

STORAGE_SHARE: Final = 0.5
SLOTS_PER_CORE: Final = 2
"""Most runs wait for a database or a model half of the time."""
MIN_SLOTS: Final = 4


def slots(settings: WorkerSettings) -> int:
    """Return how many flow runs may run at once."""
    return settings.slots or max(MIN_SLOTS, SLOTS_PER_CORE * cores())


def offered(settings: WorkerSettings, scratch: Path) -> Resources:
    """Return what there is to share out; `scratch` is where runs keep their files."""
    return Resources(
        # Runs wait as well as compute: as many one-core runs as slots may hold a core.
        cpu=settings.cpu or float(max(cores(), slots(settings))),
        memory_mb=settings.memory_mb or psutil.virtual_memory().total / 2**20 * MEMORY_SHARE,
        storage_mb=settings.storage_mb or shutil.disk_usage(scratch).free / 2**20 * STORAGE_SHARE,
        network_mbps=settings.network_mbps,
    )


def cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
