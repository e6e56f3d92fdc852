"""What the console shows, once every two seconds for all who look."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.errors import LakeUnavailableError, NeuroCortexError
from neurocortex.gateway.metrics import Counts, Metrics
from neurocortex.gateway.readiness import Readiness
from neurocortex.gateway.tiers import Tiers, TierView

EVERY_S: Final = 1.0

WINDOW_S: Final = 60.0
"""Latency, errors and cache are of the last minute."""

CountDead = Callable[[], Awaitable[int]]


class CodeCount(BaseModel):
    """How often a problem was told."""

    model_config = ConfigDict(frozen=True)

    code: str
    count: int


class Snapshot(BaseModel):
    """All figures at one moment. None of them names a tenant."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    away: tuple[str, ...]
    per_s: float
    in_flight: int
    p50_ms: float | None
    p95_ms: float | None
    error_share: float | None
    cache_share: float | None
    dead_letters: int | None
    tiers: tuple[TierView, ...]
    problems: tuple[CodeCount, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    counts: Counts


class Figures:
    """Takes snapshots while somebody looks."""

    def __init__(
        self, metrics: Metrics, readiness: Readiness, tiers: Tiers, count_dead: CountDead
    ) -> None:
        self._metrics = metrics
        self._readiness = readiness
        self._tiers = tiers
        self._count_dead = count_dead
        self._looks: deque[_Look] = deque([_Look(time.monotonic(), metrics.counts())])
        self._newest: Snapshot | None = None
        self._turn = asyncio.Lock()

    async def snapshot(self) -> Snapshot:
        """Return the figures, at most EVERY_S old."""
        async with self._turn:
            now = time.monotonic()
            if self._newest is None or now - self._looks[-1].at >= EVERY_S:
                self._newest = await self._take(now)
            return self._newest

    async def _take(self, now: float) -> Snapshot:
        before, look = self._looks[-1], _Look(now, self._metrics.counts())
        self._looks.append(look)
        while len(self._looks) > 2 and now - self._looks[1].at >= WINDOW_S:
            self._looks.popleft()
        minute = look.counts.since(self._looks[0].counts)
        away = await self._readiness.away()
        return Snapshot(
            ready=not away,
            away=tuple(away),
            per_s=look.counts.since(before.counts).answered / max(now - before.at, 1e-3),
            in_flight=look.counts.in_flight,
            p50_ms=quantile_ms(minute.seconds, 0.5),
            p95_ms=quantile_ms(minute.seconds, 0.95),
            error_share=_share(minute.failed, minute.answered),
            cache_share=_share(minute.hits, minute.hits + minute.misses),
            dead_letters=await self._dead(),
            tiers=await self._tier_views(),
            problems=tuple(
                CodeCount(code=code, count=count)
                for code, count in sorted(look.counts.problems.items(), key=lambda each: -each[1])
            ),
        )

    async def _dead(self) -> int | None:
        try:
            return await self._count_dead()
        except LakeUnavailableError:
            return None

    async def _tier_views(self) -> Sequence[TierView]:
        try:
            return (await self._tiers.view()).tiers
        except NeuroCortexError:
            return ()


def quantile_ms(buckets: Mapping[float, float], share: float) -> float | None:
    """Return a quantile of times, in milliseconds; as Prometheus' `histogram_quantile`.

    Args:
        buckets: how many took at most so many seconds, cumulative, the last bound infinite.
        share: 0 to 1.
    """
    total = max(buckets.values(), default=0)
    if total <= 0:
        return None
    wanted, bounds = share * total, sorted(buckets.items())
    for (lower, below), (upper, upto) in pairwise([(0.0, 0.0), *bounds]):
        if upto >= wanted and upto > below:
            if upper == float("inf"):
                return lower * 1000
            return 1000 * (lower + (upper - lower) * (wanted - below) / (upto - below))
    return None


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
