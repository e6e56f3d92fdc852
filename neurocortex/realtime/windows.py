"""What a lane process did in a few seconds, as people read it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

KEPT: Final = 10_000
"""Latencies kept of one operation in one window; those beyond are counted only."""


class OperationFigures(BaseModel):
    """One operation in one window. Latencies are in milliseconds, from reading to answering."""

    model_config = ConfigDict(frozen=True)

    operation: str
    requests: int
    p50_ms: float
    p99_ms: float
    failures: Mapping[str, int]
    """By code."""


class Window(BaseModel):
    """One window."""

    model_config = ConfigDict(frozen=True)

    start: datetime
    seconds: float
    operations: tuple[OperationFigures, ...]
    cancelled: int
    taken_over: int
    """From processes that had died."""
    in_flight: int
    """At its end."""

    @property
    def requests(self) -> int:
        """All that were answered."""
        return sum(each.requests for each in self.operations)

    @property
    def failures(self) -> int:
        """Those of them that were answered with a failure."""
        return sum(sum(each.failures.values()) for each in self.operations)


class Totals(BaseModel):
    """What a lane process did in all."""

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    failures: int = 0
    cancelled: int = 0
    taken_over: int = 0

    def with_window(self, window: Window) -> "Totals":
        """Return the totals after one more window."""
        return Totals(
            requests=self.requests + window.requests,
            failures=self.failures + window.failures,
            cancelled=self.cancelled + window.cancelled,
            taken_over=self.taken_over + window.taken_over,
        )


@dataclass(slots=True)
class _Tally:
    requests: int = 0
    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


class Figures:
    """Counts, and gives a window of it now and then."""

    def __init__(self) -> None:
        self._begin()

    def answered(self, operation: str, seconds: float, failure: str | None) -> None:
        """Count an answer; `failure` is its code."""
        tally = self._operations[operation]
        tally.requests += 1
        if len(tally.latencies) < KEPT:
            tally.latencies.append(seconds)
        if failure is not None:
            tally.failures[failure] += 1

    def cancelled(self) -> None:
        """Count a call that nobody waited for any more."""
        self._cancelled += 1

    def taken_over(self, calls: int) -> None:
        """Count calls of processes that had died."""
        self._taken_over += calls

    def window(self, in_flight: int) -> Window | None:
        """Return what happened since the last window; None where nothing did."""
        now = datetime.now(UTC)
        found = None
        if self._operations or self._cancelled or self._taken_over:
            found = Window(
                start=self._start,
                seconds=(now - self._start).total_seconds(),
                operations=tuple(
                    OperationFigures(
                        operation=operation,
                        requests=tally.requests,
                        p50_ms=percentile(tally.latencies, 0.5) * 1000,
                        p99_ms=percentile(tally.latencies, 0.99) * 1000,
                        failures=dict(tally.failures),
                    )
                    for operation, tally in sorted(self._operations.items())
                ),
                cancelled=self._cancelled,
                taken_over=self._taken_over,
                in_flight=in_flight,
            )
        self._begin()
        return found

    def _begin(self) -> None:
        self._start = datetime.now(UTC)
        self._operations: defaultdict[str, _Tally] = defaultdict(_Tally)
        self._cancelled = self._taken_over = 0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
