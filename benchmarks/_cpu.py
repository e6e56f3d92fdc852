"""Processor time by part of the platform, which other load on the machine changes little."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import psutil

from benchmarks._platform import family
from neurocortex.worker import zygote

RUNS: Final = "runs"
"""The part of a worker's other descendants: flow runs, those that have ended as well."""

QUIET_S: Final = 2.0
"""After the last run has ended, the server still records its events and logs."""

Seconds = Mapping[str, float]
"""User and system time by part."""


def of_services(pids: Mapping[str, int]) -> Seconds:
    """Return what services took since they began, each with its children."""
    return {name: sum(map(_whole, family(pid))) for name, pid in pids.items()}


class Meter:
    """What the servers, a worker, its zygote and its runs took between two moments."""

    def __init__(self, servers: Mapping[str, int], worker: int) -> None:
        """Take the pids; what ran until now is not counted."""
        self._servers = servers
        self._worker = worker
        self._before = self._used()

    async def per_run(self, runs: int) -> Seconds:
        """Wait until all is recorded, and return what each of so many runs cost."""
        await asyncio.sleep(QUIET_S)
        used = self._used()
        return {part: (used[part] - self._before[part]) / runs for part in used}

    def _used(self) -> Seconds:
        children = family(self._worker)
        whole = sum(map(_whole, children))
        apart = {"worker": _own(children[0])}
        group = os.getpgid(self._worker)
        for each in children[1:]:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):  # a run's may end meanwhile
                # Runs have process groups of their own: the zygote and its successor have not.
                if zygote.__name__ in each.cmdline() and os.getpgid(each.pid) == group:
                    apart["zygote"] = apart.get("zygote", 0.0) + _own(each)
        return {**of_services(self._servers), **apart, RUNS: whole - sum(apart.values())}


def _own(each: psutil.Process) -> float:
    times = each.cpu_times()
    return float(times.user + times.system)


def _whole(each: psutil.Process) -> float:
    """With those of its children that have ended: the kernel adds them when they are waited for."""
    try:
        return float(sum(each.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0  # it ended just now, and its parent has its time
