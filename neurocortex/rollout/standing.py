"""What a process that serves knows of all rollouts, and what it counted since it last told."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from neurocortex.errors import ConnectorError
from neurocortex.rollout.counts import time_class
from neurocortex.rollout.front import ERRORS, REQUESTS, TIME, field_of
from neurocortex.rollout.plan import Arm, Rollout
from neurocortex.rollout.store import Snapshot

FRESH_S: Final = 0.5
"""After so long a snapshot is read again, while requests still use it."""

AGREED_S: Final = 1.0
"""After so long a request waits for the new one: all processes agree within a second."""

CUT_OFF_S: Final = 5.0
"""While nobody answers, requests wait for a new one this seldom."""

COPIES: Final = 2
"""Copies of requests that a process computes at once. Those beyond are left out: they may not slow
what somebody waits for."""

Read = Callable[[], Awaitable[Snapshot]]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    counts: Counter[str] = field(default_factory=Counter)
    broken: str = ""


class Standing:
    """The rollouts of one process and event loop; counts may come from any thread."""

    def __init__(self, read: Read, changed: Callable[[Rollout], None] = lambda _: None) -> None:
        """Know what `read` returns, read again after `FRESH_S` when somebody asks.

        Args:
            read: returns the last rollout of each model.
            changed: told of each that has begun or ended.
        """
        self._read = read
        self._changed = changed
        self._snapshot = Snapshot()
        self._fresh_until = self._usable_until = 0.0
        self._reading: asyncio.Task[None] | None = None
        self._is_cut_off = False
        self._lock = Lock()
        self._tallies: dict[UUID, _Tally] = {}
        self._warm: set[UUID] = set()
        self._copies: set[asyncio.Task[None]] = set()

    async def of(self, forge: str, model: str) -> Rollout | None:
        """Return a model's last rollout; None: it never had one."""
        return (await self.snapshot()).of(forge, model)

    async def snapshot(self) -> Snapshot:
        """Return the last rollout of each model; while nobody answers, what was said last holds."""
        now = time.monotonic()
        if now >= self._fresh_until:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._refresh())
            if now >= self._usable_until:
                await asyncio.shield(self._reading)
        return self._snapshot

    def warmed(self, rollout: Rollout) -> None:
        """Note that both versions are in memory: from now on the candidate may serve here."""
        self._warm.add(rollout.id)

    def is_warm(self, rollout: Rollout) -> bool:
        """Tell whether both versions are in memory."""
        return rollout.id in self._warm

    def answered(self, rollout: Rollout, arm: Arm, *, failed: bool) -> None:
        """Count a request that a version answered, or could not answer."""
        with self._lock:
            counts = self._tally(rollout.id).counts
            counts[field_of(arm, REQUESTS)] += 1
            counts[field_of(arm, ERRORS)] += int(failed)

    def computed(self, forge: str, model: str, version: int, seconds: float) -> None:
        """Count a computation, whoever asked for it."""
        rollout = self._snapshot.of(forge, model)
        if rollout is None or not rollout.is_running:
            return
        for arm in Arm:
            if rollout.arm(arm).version == version:
                with self._lock:
                    counts = self._tally(rollout.id).counts
                    counts[field_of(arm, f"{TIME}{time_class(seconds)}")] += 1

    def broken(self, rollout: Rollout, reason: str) -> None:
        """Note that the candidate can never serve."""
        with self._lock:
            self._tally(rollout.id).broken = reason

    def taken(self) -> Mapping[UUID, tuple[Mapping[str, int], str]]:
        """Return the counts since the last call, by rollout, and why a candidate is broken."""
        with self._lock:
            taken, self._tallies = self._tallies, {}
        return {each: (+tally.counts, tally.broken) for each, tally in taken.items()}

    def put_back(self, rollout: UUID, counts: Mapping[str, int], broken: str) -> None:
        """Count again what could not be told."""
        with self._lock:
            tally = self._tally(rollout)
            tally.counts.update(counts)
            tally.broken = tally.broken or broken

    def copy(self, work: Coroutine[object, object, None]) -> None:
        """Compute a copy beside, unless enough go on already."""
        if len(self._copies) >= COPIES:
            work.close()
            return
        task = asyncio.create_task(work)
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def copied(self) -> None:
        """Wait until no copy is computed any more."""
        while self._copies:
            await asyncio.wait(self._copies)

    def _tally(self, rollout: UUID) -> _Tally:
        return self._tallies.setdefault(rollout, _Tally())

    async def _refresh(self) -> None:
        before = {(each.id, each.state) for each in self._snapshot.rollouts}
        try:
            self._snapshot = await self._read()
        except (RedisError, OSError, ConnectorError) as error:
            level = logging.DEBUG if self._is_cut_off else logging.WARNING  # it is said once
            logger.log(level, "Rollouts are as they were known last: %s", error)
            self._is_cut_off = True
        else:
            self._is_cut_off = False
        for each in self._snapshot.rollouts:
            if (each.id, each.state) not in before:
                self._changed(each)
        self._warm &= {each.id for each in self._snapshot.running}
        now = time.monotonic()
        self._fresh_until = now + FRESH_S
        self._usable_until = now + (CUT_OFF_S if self._is_cut_off else AGREED_S)
