"""Watching, ten times a second, that nowhere more runs than may."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks import _chaos_book
from benchmarks._chaos_workers import SLOTS, Workers
from benchmarks._postgres import say
from neurocortex.errors import LedgerUnavailableError
from neurocortex.ledger.ledger import Ledger

EVERY_S: Final = 0.1


@dataclass(slots=True)
class Watch:
    """Counts what it sees."""

    workers: Workers
    ledger: Ledger
    book: Path
    limits: Mapping[str, int]
    """Of deployments, by name."""
    deployments: Mapping[UUID, str]
    """Names by id."""
    samples: int = 0
    excesses: dict[str, int] = field(default_factory=dict)
    """Samples with too much, by what it was."""

    async def go_on(self) -> None:
        """Watch until cancelled."""
        while True:
            self.samples += 1
            for excess in [*self._processes(), *self._work(), *await self._leases()]:
                if excess not in self.excesses:
                    say(f"too much at once: {excess}")
                self.excesses[excess] = self.excesses.get(excess, 0) + 1
            await asyncio.sleep(EVERY_S)

    def _processes(self) -> Iterator[str]:
        before = dict(self.workers.runs())
        if all(len(pids) <= SLOTS for pids in before.values()):
            return
        # One may have ended and another begun while they were counted.
        for number, pids in self.workers.runs():
            both = pids & before[number]
            if len(both) > SLOTS:
                yield f"worker {number} has {len(both)} processes: {sorted(both)}"

    def _work(self) -> Iterator[str]:
        now = _chaos_book.at_work(_chaos_book.read(self.book))
        yield from self._over_limits(Counter(mark.deployment for mark in now), "at work")
        for run, times in Counter(mark.run for mark in now).items():
            if times > 1:
                yield f"flow run {run} runs {times} times at once"

    async def _leases(self) -> list[str]:
        try:
            leases = await self.ledger.leases()
        except LedgerUnavailableError:
            return []  # it was killed
        by_worker = Counter(lease.worker for lease in leases)
        names = [self.deployments.get(lease.deployment) for lease in leases if lease.deployment]
        return [
            *(f"{who} has {n} leases" for who, n in by_worker.items() if n > SLOTS),
            *self._over_limits(Counter(name for name in names if name), "leased"),
        ]

    def _over_limits(self, counted: Counter[str], how: str) -> Iterator[str]:
        for name, limit in self.limits.items():
            if counted[name] > limit:
                yield f"{counted[name]} runs of {name} {how}, {limit} may be"
