"""How many slots each tier may have: idle ones are lent, and come back when their owner waits.

Nothing is taken from a run that runs. A tier above its limit starts nothing until its runs have
ended, so lent slots are back as fast as the runs on them end.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Usage
from neurocortex.scheduling.policy import ROUNDING, Policy

NOTHING: Final[Mapping[Tier, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """One limit that has changed, and why."""

    tier: Tier
    before: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """The limits from now on."""

    limits: Mapping[Tier, int]
    """Slots each tier may have; every tier is in it."""
    decisions: tuple[Decision, ...]


def allocate(
    usage: Usage,
    demand: Mapping[Tier, int],
    policy: Policy,
    before: Mapping[Tier, int] = NOTHING,
) -> Allocation:
    """Set the limits of the tiers.

    Args:
        usage: What is in use.
        demand: Runs that wait, by tier.
        policy: The tiers' shares.
        before: The limits until now; a tier that is not in it had all it could borrow.
    """
    most = {tier: _most(tier, usage.slots, policy) for tier in Tier}
    owed = entitlements(usage, demand, policy)
    limits, decisions = {}, []
    for tier in Tier:
        limit, reason = _limit(tier, usage, demand, policy, owed)
        limits[tier] = min(limit, most[tier])
        was = before.get(tier, most[tier])
        if limits[tier] != was:
            decisions.append(Decision(tier, was, limits[tier], reason))
    return Allocation(limits, tuple(decisions))


def entitlements(usage: Usage, demand: Mapping[Tier, int], policy: Policy) -> Mapping[Tier, float]:
    """Return the slots each tier is entitled to among those that use or want any.

    Weighted max-min fairness (Bertsekas, Gallager 1992, 6.5.2): what a tier cannot use is divided
    among the others, so that limits never leave a slot idle that somebody waits for. Critical has
    at least its reserve.
    """
    wants = {tier: usage.by_tier.get(tier, 0) + demand.get(tier, 0) for tier in Tier}
    wants = {tier: min(want, policy.ceilings[tier]) for tier, want in wants.items()}
    reserve = policy.reserve(usage.slots)
    among_all = _divide(float(usage.slots), wants, policy)
    critical = max(float(reserve), among_all[Tier.CRITICAL])
    others: dict[Tier, int] = {
        tier: want for tier, want in wants.items() if tier is not Tier.CRITICAL
    }
    return {Tier.CRITICAL: critical, **_divide(usage.slots - critical, others, policy)}


def _divide(slots: float, wants: Mapping[Tier, int], policy: Policy) -> dict[Tier, float]:
    """Fill the tiers level by weight; who has what it wants takes no more."""
    given = dict.fromkeys(wants, 0.0)
    open_tiers = {tier for tier, want in wants.items() if want > 0}
    while open_tiers:
        level = slots / sum(policy.weights[tier] for tier in open_tiers)
        full = {tier for tier in open_tiers if wants[tier] <= level * policy.weights[tier]}
        for tier in full or open_tiers:
            given[tier] = float(wants[tier]) if full else level * policy.weights[tier]
            slots -= given[tier]
        open_tiers = open_tiers - full if full else set()
    return given


def _limit(
    tier: Tier,
    usage: Usage,
    demand: Mapping[Tier, int],
    policy: Policy,
    owed: Mapping[Tier, float],
) -> tuple[int, str]:
    """Return a tier's limit before ceilings, and the reason for it."""
    if _spoken_for(usage, policy) <= policy.contended_above * usage.slots:
        return usage.slots, f"{usage.used} of {usage.slots} slots in use: idle ones are lent"
    behind = [other for other in Tier if other is not tier and demand.get(other, 0) > 0]
    if not behind:
        return usage.slots, "no other tier waits"
    if usage.by_tier.get(tier, 0) + demand.get(tier, 0) <= owed[tier]:
        return usage.slots, f"it wants no more than the {owed[tier]:.1f} it is entitled to"
    waiting = ", ".join(f"{other.value} ({demand[other]})" for other in behind)
    reason = (
        f"{usage.used} of {usage.slots} slots in use and others wait, {waiting}: it is entitled to"
        f" {owed[tier]:.1f}"
    )
    return max(1, math.ceil(owed[tier] - ROUNDING)), reason


def _spoken_for(usage: Usage, policy: Policy) -> int:
    """Return the slots in use and those that are idle in critical's reserve.

    Without the latter a reserve of a quarter would hide from the allocator that the other tiers
    have filled all they can have: only three quarters would ever be in use.
    """
    idle = policy.reserve(usage.slots) - usage.by_tier.get(Tier.CRITICAL, 0)
    return usage.used + max(0, idle)


def _most(tier: Tier, slots: int, policy: Policy) -> int:
    """Return what a tier can have when all others are idle; critical's reserve is never lent."""
    lendable = slots if tier is Tier.CRITICAL else slots - policy.reserve(slots)
    return min(policy.ceilings[tier], lendable)
