"""Simulated workers on which a scheduler starts runs, second by second, and what came of it."""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, Protocol
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Usage, Work
from neurocortex.scheduling.allocate import allocate, entitlements
from neurocortex.scheduling.backlog import Backlog
from neurocortex.scheduling.choose import choose
from neurocortex.scheduling.policy import Policy

WORKERS: Final = 2
SLOTS_EACH: Final = 8
SLOTS: Final = WORKERS * SLOTS_EACH
OFFERED: Final = Resources(cpu=SLOTS_EACH, memory_mb=SLOTS_EACH * 4096)
"""Of each worker."""


class Scheduler(Protocol):
    """Decides what a worker starts."""

    def add(self, work: Work) -> None:
        """Take a run that has become due."""

    def waiting(self) -> Mapping[Tier, int]:
        """Return how many runs of each tier wait."""

    def tick(self, usage: Usage) -> None:
        """Hear, once a second, what is in use."""

    def start(self, usage: Usage, now: float) -> Sequence[Work]:
        """Return what one worker starts; it is no longer waiting."""


class FairShare:
    """The real rules, and a ledger of virtual times."""

    def __init__(self, policy: Policy) -> None:
        """Begin with nothing due."""
        self._policy = policy
        self._backlog = Backlog()
        self._limits: Mapping[Tier, int] = {}
        self.accounts: dict[str, float] = {}

    def add(self, work: Work) -> None:
        """Take a run that has become due."""
        self._backlog.add(work)

    def waiting(self) -> Mapping[Tier, int]:
        """Return how many runs of each tier wait."""
        return self._backlog.by_tier()

    def tick(self, usage: Usage) -> None:
        """Allocate."""
        self._limits = allocate(usage, self.waiting(), self._policy, self._limits).limits

    def start(self, usage: Usage, now: float) -> Sequence[Work]:
        """Choose, and charge as the ledger does."""
        seen = Usage(
            usage.slots,
            usage.by_tier,
            usage.by_deployment,
            usage.offered,
            usage.free,
            usage.free_slots,
            self.accounts,
        )
        starts = choose(self._backlog, seen, self._limits, self._policy, now).starts
        for start in starts:
            self._backlog.discard(start.work.id)
            for charge in start.charges:
                account = max(self.accounts.get(charge.account, 0.0), charge.floor)
                self.accounts[charge.account] = account + charge.amount
        return [start.work for start in starts]


class InOrder:
    """A single queue, whose first run starts when it fits and until then holds up the rest."""

    def __init__(self, *, by_tier: bool) -> None:
        """Begin; `by_tier` is strict priority, else first come first served."""
        self._by_tier = by_tier
        self._queue: list[tuple[int, float, UUID, Work]] = []
        self._waiting: Counter[Tier] = Counter()

    def add(self, work: Work) -> None:
        """Take a run that has become due."""
        rank = list(Tier).index(work.tier) if self._by_tier else 0
        heappush(self._queue, (rank, work.since, work.id, work))
        self._waiting[work.tier] += 1

    def waiting(self) -> Mapping[Tier, int]:
        """Return how many runs of each tier wait."""
        return self._waiting

    def tick(self, usage: Usage) -> None:
        """Take no notice: there are no limits."""

    def start(self, usage: Usage, now: float) -> Sequence[Work]:  # noqa: ARG002 - as Scheduler asks
        """Start from the head of the queue while it fits."""
        free, started = usage.free, list[Work]()
        while self._queue and len(started) < usage.free_slots:
            work = self._queue[0][-1]
            if work.needs.lacking_in(free) is not None:
                break
            heappop(self._queue)
            self._waiting[work.tier] -= 1
            free -= work.needs
            started.append(work)
        return started


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was started."""

    work: Work
    start: float
    end: float
    worker: int


@dataclass(slots=True)
class Record:
    """What a scheduler did."""

    runs: list[Run] = field(default_factory=list)
    backlogged: tuple[float, float] = (0.0, 0.0)
    """From when to when all tiers had runs waiting all the time, in seconds."""
    reclaim_s: float = 0.0


class Cluster:
    """The workers and their runs."""

    def __init__(self, scheduler: Scheduler, policy: Policy) -> None:
        """Begin idle."""
        self.record = Record()
        self._scheduler = scheduler
        self._policy = policy
        self._running: list[tuple[float, int, Run]] = []
        self._lent: deque[float] = deque()

    def simulate(self, runs: Sequence[Work], until: float | None) -> Record:
        """Replay arrivals until a time in seconds, or until a tier has nothing left to wait.

        Once a second runs end and arrive, the allocator sees what is in use, and the workers are
        asked in turn. A run's slot is idle from its end to the next second.
        """
        arrivals = deque(runs)
        now, since = 0.0, None
        while until is None or now <= until:
            self._end(now)
            while arrivals and arrivals[0].since <= now:
                self._scheduler.add(arrivals.popleft())
            self._scheduler.tick(self._usage(0))
            self._start(now)
            if all(self._scheduler.waiting().get(tier, 0) > 0 for tier in Tier):
                since = now if since is None else since
            elif arrivals:
                since = None
            elif until is None:
                break
            now += 1.0
        self.record.backlogged = (since or 0.0, now if until is None else until)
        if self._lent:
            self.record.reclaim_s = max(self.record.reclaim_s, now - self._lent[0])
        return self.record

    def _end(self, now: float) -> None:
        """End runs; a slot that was lent, and whose owner waits, is from then on to be back."""
        while self._running and self._running[0][0] <= now:
            entitled = self._entitled()
            end, _, run = heappop(self._running)
            if self._by_tier()[run.work.tier] + 1 > entitled[run.work.tier] and self._owners():
                self._lent.append(end)

    def _start(self, now: float) -> None:
        for worker in range(WORKERS):
            entitled, by_tier = self._entitled(), self._by_tier()
            for work in self._scheduler.start(self._usage(worker), now):
                run = Run(work, now, now + work.cost, worker)
                self.record.runs.append(run)
                heappush(self._running, (run.end, len(self.record.runs), run))
                by_tier[work.tier] += 1
                if self._lent and by_tier[work.tier] <= entitled[work.tier]:
                    waited = now - self._lent.popleft()
                    self.record.reclaim_s = max(self.record.reclaim_s, waited)
        if not self._owners():
            self._lent.clear()

    def _owners(self) -> list[Tier]:
        """Return the tiers that wait for slots they are entitled to."""
        entitled, by_tier, waiting = self._entitled(), self._by_tier(), self._scheduler.waiting()
        return [tier for tier in Tier if waiting.get(tier, 0) and by_tier[tier] < entitled[tier]]

    def _entitled(self) -> Mapping[Tier, int]:
        owed = entitlements(self._usage(0), self._scheduler.waiting(), self._policy)
        return {tier: math.ceil(slots - 1e-9) for tier, slots in owed.items()}

    def _by_tier(self) -> Counter[Tier]:
        return Counter(run.work.tier for _, _, run in self._running)

    def _usage(self, worker: int) -> Usage:
        here = [run.work for _, _, run in self._running if run.worker == worker]
        free = OFFERED
        for work in here:
            free -= work.needs
        return Usage(SLOTS, self._by_tier(), {}, OFFERED, free, SLOTS_EACH - len(here), {})
