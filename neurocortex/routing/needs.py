"""What a flow run is expected to take, as labels of it: from the router to the scheduler."""

import math
from collections.abc import Mapping
from typing import Final

CPU_S: Final = "neurocortex.expected_cpu_s"
MEMORY_MB: Final = "neurocortex.expected_memory_mb"
STORAGE_MB: Final = "neurocortex.expected_storage_mb"


def labels(
    cpu_s: float | None, memory_mb: float | None, storage_mb: float | None = None
) -> Mapping[str, float]:
    """Return the labels that say it; what is not known is left out."""
    said = {CPU_S: cpu_s, MEMORY_MB: memory_mb, STORAGE_MB: storage_mb}
    return {name: value for name, value in said.items() if value is not None}


def expected(of_run: Mapping[str, object], name: str) -> float | None:
    """Return what a run's labels say; None: nothing, or no amount."""
    value = of_run.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def held(reserved: float, learned: float | None) -> float:
    """Return what is held for a run: what finished ones say, within what is reserved for it.

    Args:
        reserved: by its job variable; 0: nothing is.
        learned: nine in ten such runs keep to it; None: nothing was.
    """
    if learned is None:
        return reserved
    return min(reserved, learned) if reserved else learned
