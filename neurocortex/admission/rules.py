"""The rules of admission, pure. The scripts in Redis decide by the same ones, atomically."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from neurocortex.domain.deployments import Tier

WINDOW_S: Final = 1.0
"""Releases are counted over at least so long: they come in bursts, batch by batch."""

NEWEST_WEIGHT: Final = 0.2
"""Of the newest window in the rate: the last ten make nine tenths of it, be they seconds long, as
those of the real-time lane, or minutes."""

FIRST_RATE: Final = 2.0
"""Starts per second of a standard queue that never drained yet; measured: 1.8 to 2.5."""

ROOM: Final = 0.1
"""Who is refused comes back when so much of the bound has drained, so that they find room."""

SOONEST_S: Final = 0.1
LATEST_S: Final = 300.0
"""Between the refusal and the next try."""


class Verdict(IntEnum):
    """What becomes of a request; the refusals in the order in which they are looked for."""

    ADMITTED = 0
    SHED = 1
    QUEUE_FULL = 2
    TENANT_FULL = 3
    DEADLINE = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request is held to."""

    bound: int
    tenant_bound: int
    servers: int
    """Places that are served at once."""
    estimate_s: float
    left_s: float | None
    """Until its deadline."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What a request finds."""

    held: int
    """Places taken, of all tiers that share the bound."""
    ahead: int
    """Those of them of its own tier and more urgent ones."""
    of_tenant: int
    rate: float
    """Releases per second."""
    shed: bool

    def position(self, servers: int) -> int:
        """Return the place in the line of one more; 0: it need not wait."""
        return max(0, self.ahead + 1 - servers)

    def wait_s(self, servers: int) -> float:
        """Return the seconds until one more would start."""
        return self.position(servers) / self.rate


def judge(queue: Queue, terms: Terms) -> Verdict:
    """Decide about one request.

    Shedding leaves who is alone: refusing a request that nobody's stands beside relieves nobody,
    and the processor may be busy with what is not ours.
    """
    if queue.shed and queue.held:
        return Verdict.SHED
    if queue.held >= terms.bound:
        return Verdict.QUEUE_FULL
    if queue.of_tenant >= terms.tenant_bound:
        return Verdict.TENANT_FULL
    if terms.left_s is not None and queue.wait_s(terms.servers) + terms.estimate_s > terms.left_s:
        return Verdict.DEADLINE
    return Verdict.ADMITTED


def shed_at(tier: Tier, above: float) -> float | None:
    """Return the load from which a tier is refused, None for never: low first, then medium."""
    if above >= 1:
        return None
    return {Tier.LOW: above, Tier.MEDIUM: (1 + above) / 2}.get(tier)


def shed_tiers(load: float, above: float, urgent: Tier = Tier.CRITICAL) -> Sequence[Tier]:
    """Return the tiers to refuse under a load.

    Args:
        load: share in use, of a machine or of a queue.
        above: see `Limits.shed_above`.
        urgent: for a queue, its tier: only those below it give way. A full queue of low requests
            is no reason to refuse any other.
    """
    order = list(Tier)
    below = order[order.index(urgent) + 1 :]
    return [tier for tier in below if (at := shed_at(tier, above)) is not None and load >= at]


@dataclass(frozen=True, slots=True)
class Drain:
    """How fast a queue drains, measured only while somebody waits in it: an idle lane that
    releases nothing is not a slow one."""

    rate: float | None = None
    """Releases per second; None: never measured."""
    count: int = 0
    """Releases in the window"""
    start: float | None = None
    """that began then, in seconds; None: nobody has waited yet."""

    def backlogged(self, now: float) -> "Drain":
        """Return the drain when somebody begins to wait."""
        return replace(self, count=0, start=now)

    def released(self, now: float, waited: bool, wait: bool) -> "Drain":
        """Return the drain after one release; `waited`, `wait`: somebody did before, and does."""
        if not waited:
            return self
        count, elapsed = self.count + 1, self._elapsed(now)
        if elapsed <= 0 or (elapsed < WINDOW_S and wait):
            return replace(self, count=count, start=now - elapsed)
        sample = count / elapsed
        rate = sample if self.rate is None else self.rate + NEWEST_WEIGHT * (sample - self.rate)
        return Drain(rate, 0, now)

    def now(self, now: float, wait: bool, first: float) -> float:
        """Return the rate at a moment; when nothing was released for long it is less.

        Args:
            now: seconds.
            wait: somebody waits.
            first: the rate to assume before any was measured.
        """
        rate = first if self.rate is None else self.rate
        elapsed = self._elapsed(now)
        if wait and elapsed > WINDOW_S:
            return min(rate, (self.count + 1) / elapsed)
        return rate

    def _elapsed(self, now: float) -> float:
        return 0.0 if self.start is None else now - self.start


def room_after_s(bound: int, rate: float) -> float:
    """Return when somebody refused for a full queue, or part of one, should come back."""
    return within(ROOM * bound / rate)


def within(seconds: float) -> float:
    """Return the seconds, not sooner and not later than it makes sense to try again."""
    return min(max(seconds, SOONEST_S), LATEST_S)
