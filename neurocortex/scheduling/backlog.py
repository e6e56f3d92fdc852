"""The runs that are due, ordered so that the next one is found without sorting.

Sorted lists, not heaps: putting a run into a list of 20,000 moves a few microseconds' worth of
memory, and the order can be read without taking it apart, which passing over runs needs.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Work
from neurocortex.scheduling.accounts import tenant_account


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Shape:
    """What decides whether a run fits. Runs of one shape fit together or not at all.

    There is one object for each shape, so that a whole group is passed over in one look.
    """

    needs: Resources
    deployment: UUID | None
    deployment_limit: int | None


class Entry(NamedTuple):
    """One run, in the order of its tenant: priority, then deadline, then age."""

    urgency: int
    """Priority, the highest least."""
    deadline: float
    since: float
    number: int
    """Place in the order of arrival: nothing after it is ever compared."""
    work: Work
    shape: Shape


class Aged(NamedTuple):
    """One run, in the order of age."""

    since: float
    number: int
    entry: Entry


@dataclass(slots=True)
class Tenant:
    """The runs of one tenant in one tier, by shape and in order."""

    account: str
    groups: dict[Shape, list[Entry]] = field(default_factory=dict)
    firsts: list[Entry] = field(default_factory=list)
    """The first run of each group, in order: a choice begins here and sorts nothing."""

    @property
    def first(self) -> Entry:
        """The run whose turn it is."""
        return self.firsts[0]

    def add(self, entry: Entry) -> None:
        """Put a run in."""
        group = self.groups.setdefault(entry.shape, [])
        before = group[0] if group else None
        insort(group, entry)
        if group[0] is entry:
            if before is not None:
                _remove(self.firsts, before)
            insort(self.firsts, entry)

    def discard(self, entry: Entry) -> None:
        """Take a run out."""
        group = self.groups[entry.shape]
        was_first = group[0] is entry
        _remove(group, entry)
        if was_first:
            _remove(self.firsts, entry)
            if group:
                insort(self.firsts, group[0])
        if not group:
            del self.groups[entry.shape]


@dataclass(slots=True)
class _Tier:
    tenants: dict[str, Tenant] = field(default_factory=dict)
    oldest: list[Aged] = field(default_factory=list)


_Sorted = TypeVar("_Sorted", Entry, Aged)


class Backlog:
    """An index of due runs."""

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: dict[UUID, Entry] = {}
        self._tiers: dict[Tier, _Tier] = {tier: _Tier() for tier in Tier}
        self._shapes: WeakValueDictionary[tuple[Resources, UUID | None, int | None], Shape] = (
            WeakValueDictionary()
        )
        self._numbers = count()

    def add(self, work: Work) -> None:
        """Put a run in; one of the same id is replaced, and keeps its place among equals."""
        known = self._entries.get(work.id)
        number = next(self._numbers) if known is None else known.number
        self.discard(work.id)
        deadline = inf if work.deadline is None else work.deadline
        entry = Entry(-work.priority, deadline, work.since, number, work, self._shape(work))
        tier = self._tiers[work.tier]
        tenant = tier.tenants.get(work.tenant)
        if tenant is None:
            tenant = tier.tenants[work.tenant] = Tenant(tenant_account(work.tier, work.tenant))
        tenant.add(entry)
        insort(tier.oldest, Aged(work.since, number, entry))
        self._entries[work.id] = entry

    def discard(self, run: UUID) -> None:
        """Take a run out, if it is there."""
        entry = self._entries.pop(run, None)
        if entry is None:
            return
        tier = self._tiers[entry.work.tier]
        _remove(tier.oldest, Aged(entry.since, entry.number, entry))
        tenant = tier.tenants[entry.work.tenant]
        tenant.discard(entry)
        if not tenant.groups:
            del tier.tenants[entry.work.tenant]

    def get(self, run: UUID) -> Work | None:
        """Return a run that waits, or None."""
        entry = self._entries.get(run)
        return None if entry is None else entry.work

    def __contains__(self, run: object) -> bool:
        """Return whether a run waits."""
        return run in self._entries

    def __len__(self) -> int:
        """Return how many runs wait."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Work]:
        """Yield the runs, in no order that means anything."""
        return (entry.work for entry in self._entries.values())

    def by_tier(self) -> Mapping[Tier, int]:
        """Return how many runs of each tier wait."""
        return {name: len(tier.oldest) for name, tier in self._tiers.items()}

    def tenants(self, tier: Tier) -> Mapping[str, Tenant]:
        """Return the queues of a tier's tenants; not to be changed."""
        return self._tiers[tier].tenants

    def oldest(self, tier: Tier) -> Sequence[Aged]:
        """Return the runs of a tier, the oldest first; not to be changed."""
        return self._tiers[tier].oldest

    def _shape(self, work: Work) -> Shape:
        key = (work.needs, work.deployment, work.deployment_limit)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = Shape(*key)
        return shape


def _remove(ordered: list[_Sorted], item: _Sorted) -> None:
    del ordered[bisect_left(ordered, item)]
