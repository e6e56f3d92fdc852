"""Which runs start now, in which order, and what holds the others back.

Several workers ask, each with its own snapshot. What is chosen is only taken when the ledger
grants it; a choice that is refused is made again from a newer snapshot.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from typing import Final, NamedTuple
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Usage, Work
from neurocortex.scheduling.accounts import (
    AGED,
    CLOCK,
    Accounts,
    tenant_account,
    tenants_clock,
)
from neurocortex.scheduling.backlog import Aged, Backlog, Entry, Shape
from neurocortex.scheduling.holds import Hold, Reason
from neurocortex.scheduling.policy import Policy
from neurocortex.scheduling.room import Room
from neurocortex.scheduling.tenants import MOST_HELD, TenantTurns


@dataclass(frozen=True, slots=True)
class Start:
    """A run to start, and what its start is charged to: tier, tenant and their clocks."""

    work: Work
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one look at the backlog came to."""

    starts: tuple[Start, ...]
    """In the order in which to start them."""
    holds: Mapping[UUID, Hold]
    """Runs that were looked at and passed over. Runs like one of these were not looked at, nor
    what is behind `MOST_HELD` of them."""


def choose(
    backlog: Backlog, usage: Usage, limits: Mapping[Tier, int], policy: Policy, now: float
) -> Choice:
    """Choose what one worker starts now.

    Args:
        backlog: The runs that are due.
        usage: What is in use, and what this worker has left.
        limits: Slots a tier may have, from the allocator; a tier that is not in it: its ceiling.
        policy: The tiers' shares.
        now: Seconds since the epoch.
    """
    turns = Turns(backlog, Room(usage, limits, policy), Accounts(usage.accounts), policy, now)
    return Choice(tuple(turns), turns.holds)


class Turn(NamedTuple):
    """The run whose turn it is."""

    work: Work
    tag: float
    """Start tag of who had the turn, in cpu-seconds per weight."""
    aged: bool = False


class Turns:
    """Hands out starts one by one, until nothing more fits or there is no slot."""

    def __init__(
        self, backlog: Backlog, room: Room, accounts: Accounts, policy: Policy, now: float
    ) -> None:
        """Begin a choice."""
        self.room = room
        self.accounts = accounts
        self.holds: dict[UUID, Hold] = {}
        self._backlog = backlog
        self._policy = policy
        self._taken: set[UUID] = set()
        self._held: dict[Shape, Hold] = {}
        self._tenants: dict[Tier, TenantTurns] = {}
        self._open = [tier for tier in Tier if backlog.oldest(tier)]
        self._spent: set[Tier] = set()
        self._full: set[Tier] = set()
        self._aged = merge(*(self._past(tier, now - policy.max_waits[tier]) for tier in Tier))

    def __iter__(self) -> Iterator[Start]:
        """Yield the starts in their order: at each turn the first rule that names a run."""
        while turn := next((turn for rule in RULES if (turn := rule(self))), None):
            yield self._start(turn)

    def contenders(self) -> list[tuple[float, Tier]]:
        """Return the tiers that could start something, least served first, with their tags."""
        for tier in list(self._open):
            hold = self.room.tier_hold(tier)
            if hold is not None:
                self._open.remove(tier)
                if self.room.by_tier[tier] < self.room.ceilings[tier]:
                    self._full.add(tier)
                first = self._backlog.oldest(tier)[0].entry.work
                if first.id not in self._taken:
                    self.holds.setdefault(first.id, hold)
        tags = [(self.accounts.tag(tier.value, CLOCK), tier) for tier in self._open]
        return sorted((tagged for tagged in tags if tagged[1] not in self._spent), key=_tag)

    def next_of(self, tier: Tier) -> Work | None:
        """Return the next run of a tier that fits; None ends the tier's part in this choice."""
        found = self._turns_of(tier).next(self._fits)
        if found is None:
            self._spent.add(tier)
        return found

    def next_aged(self) -> Work | None:
        """Return the oldest aged run that fits; for the first that does not, room is kept."""
        for _, _, entry in self._aged:
            work, shape = entry.work, entry.shape
            if work.id in self._taken or work.tier not in self._open:
                continue
            if shape not in self._held and self._fits(entry):
                return work
            if self.room.kept is None and self._held[shape].reason is Reason.RESOURCES:
                self.room.keep(work)
                self.holds[work.id] = self._held[shape]
            if len(self._held) >= MOST_HELD:
                return None
        return None

    def _past(self, tier: Tier, before: float) -> Iterator[Aged]:
        """Yield the runs of a tier that wait for longer, as long as the tier may start any."""
        for aged in self._backlog.oldest(tier):
            if aged.since >= before or tier not in self._open:
                return
            yield aged

    def _fits(self, entry: Entry) -> bool:
        hold = self._held.get(entry.shape)
        if hold is None and (hold := self.room.hold(entry.shape)) is not None:
            self._held[entry.shape] = hold
        if hold is not None:
            self.holds[entry.work.id] = hold
        return hold is None

    def _start(self, turn: Turn) -> Start:
        work, weight = turn.work, self._policy.weights[turn.work.tier]
        clock, of_tenants = self.accounts.at(CLOCK), tenants_clock(work.tier)
        tenant_tag = self._turns_of(work.tier).tag or 0.0
        charges = [
            Charge(work.tier.value, clock, work.cost / weight),
            Charge(tenant_account(work.tier, work.tenant), self.accounts.at(of_tenants), work.cost),
            Charge(CLOCK, self._clock_tag(turn), 0.0),
            Charge(of_tenants, tenant_tag, 0.0),
        ]
        if turn.aged:
            charges.append(Charge(AGED, clock, work.cost / self._policy.aged_weight))
        for charge in charges:
            self.accounts.charge(charge)
        self._taken.add(work.id)
        self.room.take(work)
        return Start(work, tuple(charges))

    def _clock_tag(self, turn: Turn) -> float:
        """Return what the tiers' clock moves on to.

        It does not pass a tier that has just now all the slots its share allows: that would
        cost the tier its claim to what it is short of. One at its ceiling is passed, or the
        clock would stand still for as long as it is there.
        """
        return min([turn.tag, *(self.accounts.at(tier.value) for tier in self._full)])

    def _turns_of(self, tier: Tier) -> TenantTurns:
        if tier not in self._tenants:
            self._tenants[tier] = TenantTurns(
                self._backlog, tier, self.accounts, self._taken, self._held
            )
        return self._tenants[tier]


def critical_reserve(turns: Turns) -> Turn | None:
    """Critical first, up to its reserve; beyond it critical has its share like the others."""
    room = turns.room
    contenders = turns.contenders()
    if room.by_tier[Tier.CRITICAL] >= room.reserve or not any(
        tier is Tier.CRITICAL for _, tier in contenders
    ):
        return None
    work = turns.next_of(Tier.CRITICAL)
    return None if work is None else Turn(work, contenders[0][0])


def aged_first(turns: Turns) -> Turn | None:
    """Then the runs that have waited too long, the oldest first, when it is their turn.

    They have an account of their own, with the weight of the lightest tier: the first that ages
    goes at once, and were every run too old, they would still take turns with the shares, which
    charge the same runs and so stay exact. To put all of them before the shares would, under an
    overload, serve first come first served.
    """
    contenders = turns.contenders()
    tag = turns.accounts.tag(AGED, CLOCK)
    if not contenders or tag > contenders[0][0]:
        return None
    work = turns.next_aged()
    return None if work is None else Turn(work, tag, aged=True)


def fair_share(turns: Turns) -> Turn | None:
    """Then the tier that was served least for its weight, and in it the tenant served least."""
    for tag, tier in turns.contenders():
        work = turns.next_of(tier)
        if work is not None:
            return Turn(work, tag)
    return None


RULES: Final[tuple[Callable[[Turns], Turn | None], ...]] = (
    critical_reserve,  # before the aged: a reserve that had to wait for big runs would be none
    aged_first,  # before the shares: it keeps room that they must not take
    fair_share,
)


def _tag(contender: tuple[float, Tier]) -> float:
    return contender[0]
