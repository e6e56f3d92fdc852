"""The two workers that are killed and started again, and the processes of their runs."""

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from benchmarks import _chaos_serving
from benchmarks._chaos_book import is_alive
from benchmarks._platform import Servers, start_worker, stop_worker
from neurocortex.domain.deployments import Tier
from neurocortex.worker.family import family

COUNT: Final = 2
SLOTS: Final = 3
"""Of each worker."""

SHORT: Final = {
    "NEUROCORTEX_WORKER__SLOTS": str(SLOTS),
    # The shortest there is: a dead worker's runs are found within seconds.
    "NEUROCORTEX_WORKER__LEASE_S": "3",
}
ZYGOTE: Final = b"neurocortex.worker.zygote"


class Workers:
    """Two workers on the same pools."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.doomed: set[int] = set()
        """Processes of runs that were killed by us, alone or with their worker."""

    def start(self, number: int) -> None:
        """Start a worker; it may still be importing."""
        pools = (tier.value for tier in Tier)
        self._running[number] = start_worker(
            self._servers, f"worker-{number}", _chaos_serving.__name__, *pools, more=SHORT
        )

    def kill(self, number: int) -> None:
        """Kill a worker, and with it what it runs."""
        worker = self._running[number]
        self.doomed.update(_runs(worker.pid))
        worker.kill()
        worker.wait()

    def kill_a_run(self, chance: random.Random) -> None:
        """Kill the process of a run, if there is any."""
        pids = sorted(pid for _, runs in self.runs() for pid in runs)
        if pids:
            victim = chance.choice(pids)
            self.doomed.add(victim)
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    def runs(self) -> Iterator[tuple[int, set[int]]]:
        """Yield each worker's number, and the processes of its runs."""
        for number, worker in self._running.items():
            yield number, _runs(worker.pid)

    def stop(self) -> None:
        """Stop both."""
        for worker in self._running.values():
            stop_worker(worker)


def _runs(worker: int) -> set[int]:
    """Return the processes of a worker's runs: forks of its zygote, each in a group of its own."""
    forks = (pid for pid in family(worker) if ZYGOTE in _command(pid))
    return {pid for pid in forks if is_alive(pid) and _group(pid) == pid}


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None  # it has just ended


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
