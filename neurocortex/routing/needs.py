"""What a flow run is expected to take, as labels of it: from the router to the scheduler."""

import math
from collections.abc import Mapping
from typing import Final

CPU_S: Final = "neurocortex.expected_cpu_s"
MEMORY_MB: Final = "neurocortex.expected_memory_mb"


def labels(cpu_s: float | None, memory_mb: float | None) -> Mapping[str, float]:
    """Return the labels that say it; what is not known is left out."""
    said = {CPU_S: cpu_s, MEMORY_MB: memory_mb}
    return {name: value for name, value in said.items() if value is not None}


def expected(of_run: Mapping[str, object], name: str) -> float | None:
    """Return what a run's labels say; None: nothing, or no amount."""
    value = of_run.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None
