"""Processes of an earlier start whose supervisor is gone.

On Linux the kernel ends them with it. Elsewhere, or when the supervisor was killed in the very
moment of a start, their records in the state file lead to them.
"""

from pathlib import Path
from typing import Final

from neurocortex.embedded import state
from neurocortex.embedded.process import descendants, end, wait_until_gone

SETTLE_S: Final = 5.0
"""How long services that the kernel told to end may take for it."""


def end_leftovers(run: Path, timeout_s: float) -> list[str]:
    """End what an earlier start recorded and left behind, and forget its state.

    Call it while no supervisor is alive.

    Args:
        run: the folder `run` of the home.
        timeout_s: how long they may take after SIGTERM before they are killed.

    Returns:
        The names of the services that had to be ended.
    """
    recorded = state.read(run)
    if recorded is None:
        return []
    left = []
    for record in recorded.services:
        process = record.process()
        if process is not None and not wait_until_gone(process, SETTLE_S):
            left.append((record.name, process))
    end([part for _, process in left for part in (*descendants(process.pid), process)], timeout_s)
    state.clear(run)
    return [name for name, _ in left]
