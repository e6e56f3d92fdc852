"""Reading all due runs again, a page at a time, so that nothing waits for it.

What became due is found by `Arrivals.new`. It tells neither that somebody cancelled or postponed a
run that waits, nor of one that came too late to be new. With 2000 that wait a whole reading takes
two seconds, and a run that was just announced would wait as long: between two pages it goes ahead.
"""

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

from neurocortex.worker.arrivals import PAGE, Arrivals

READ_ALL_S: Final = 30.0
"""How often a reading begins: so long a run that somebody cancelled is looked at in vain."""

READ_ALL_SHARE: Final = 0.05
"""Pages take no more than this share of the time, however long the backlog is."""

SOON_S: Final = 2.0
"""How long we wait before we ask for a run that could not be started: Prefect may be told yet how
it ended."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What one query told."""

    due: Collection[FlowRun] = ()
    gone: Collection[UUID] = ()
    """Runs that were known, and are due no longer."""


class Rereading:
    """Reads all due runs again and again, one query at a time."""

    def __init__(self, arrivals: Arrivals, is_ours: Callable[[FlowRun], bool]) -> None:
        """Take where they are read, and which of them to look at."""
        self._arrivals = arrivals
        self._is_ours = is_ours
        self._doubts: dict[UUID, float] = {}
        self._begun_at = 0.0
        self._next_at: float | None = None
        self._unseen: set[UUID] | None = None
        """Runs that were known when this reading began and were on none of its pages."""
        self._offset: int | None = None
        """Where the next page begins; None: all were read."""

    def doubt(self, run: UUID) -> None:
        """Have one run asked for: it may be due though it is in no backlog any more."""
        self._doubts[run] = time.monotonic() + SOON_S

    @asynccontextmanager
    async def step(self, known: Collection[UUID]) -> AsyncIterator[Reread]:
        """Yield what the next query tells; nothing where it is not time for one.

        The query is made again where the block fails.

        Args:
            known: the runs that wait, as far as we know.
        """
        started = time.monotonic()
        if self._next_at is None:
            self._next_at = started + READ_ALL_S  # all were read just now, to know any
        if ripe := [run for run, at in self._doubts.items() if at <= started][:PAGE]:
            yield await self._ask_for(ripe)
            for run in ripe:
                del self._doubts[run]
        elif started < self._next_at:
            yield Reread()
        else:
            if self._unseen is None:
                self._begun_at, self._unseen, self._offset = started, set(known), 0
            if self._offset is not None:
                page = await self._arrivals.page(self._offset)
                due = [run for run in page.due if self._is_ours(run)]
                yield Reread(due)
                self._unseen.difference_update(run.id for run in due)
                self._offset = None if page.is_last else self._offset + page.size
            else:
                # A run that started meanwhile moved those behind it up, maybe over a page's edge.
                self._unseen.intersection_update(known)
                asked = tuple(islice(self._unseen, PAGE))
                yield await self._ask_for(asked)
                self._unseen.difference_update(asked)
            self._pause(started)

    async def _ask_for(self, runs: Collection[UUID]) -> Reread:
        if not runs:
            return Reread()
        due = [run for run in await self._arrivals.among(runs) if self._is_ours(run)]
        return Reread(due, set(runs) - {run.id for run in due})

    def _pause(self, started: float) -> None:
        """Say when the next query is made, and end the reading where nothing is left to ask."""
        now = time.monotonic()
        self._next_at = now + (now - started) / READ_ALL_SHARE
        if self._offset is None and not self._unseen:
            self._unseen = None
            self._next_at = max(self._next_at, self._begun_at + READ_ALL_S)
