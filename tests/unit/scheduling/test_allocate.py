"""How idle slots are lent, and come back."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Usage
from neurocortex.scheduling.allocate import allocate, entitlements
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, TierSettings

POLICY = Policy.of(TierSettings(low=14), SchedulingSettings())
CRITICAL, HIGH, MEDIUM, LOW = Tier
counts = st.dictionaries(st.sampled_from(Tier), st.integers(0, 30))


def in_use(by_tier: Mapping[Tier, int], slots: int = 16) -> Usage:
    free = slots - sum(by_tier.values())
    return Usage(slots, by_tier, {}, Resources(), Resources(), free, {})


def test_idle_slots_are_lent_up_to_the_ceiling_but_never_criticals_reserve() -> None:
    found = allocate(in_use({LOW: 4}), {LOW: 100}, POLICY)
    assert found.limits == {CRITICAL: 16, HIGH: 12, MEDIUM: 12, LOW: 12}
    assert found.decisions == ()


def test_lent_slots_are_reclaimed_when_their_owner_waits() -> None:
    found = allocate(in_use({LOW: 12, HIGH: 2}), {HIGH: 9, LOW: 100}, POLICY)
    assert found.limits[LOW] == 3  # a fifth of the 12 beside the reserve
    assert found.limits[HIGH] == 10
    (decision, _) = sorted(found.decisions, key=lambda decision: decision.after)
    assert (decision.tier, decision.before, decision.after) == (LOW, 12, 3)
    assert decision.reason == (
        "14 of 16 slots in use and others wait, high (9): it is entitled to 2.4"
    )


def test_an_idle_reserve_does_not_hide_that_the_others_have_all_they_can() -> None:
    found = allocate(in_use({LOW: 12}), {HIGH: 9, LOW: 100}, POLICY)
    assert found.limits[LOW] == 3


def test_a_tier_nobody_waits_behind_keeps_what_it_borrowed() -> None:
    assert allocate(in_use({LOW: 12, HIGH: 2}), {LOW: 100}, POLICY).limits[LOW] == 12


def test_what_a_tier_cannot_use_is_divided_among_the_others() -> None:
    found = entitlements(in_use({CRITICAL: 8, HIGH: 1, LOW: 7}), {CRITICAL: 9, LOW: 9}, POLICY)
    assert found[HIGH] == 1
    assert round(found[CRITICAL] + found[LOW], 6) == 15


def test_critical_is_entitled_to_its_reserve_even_when_idle() -> None:
    assert entitlements(in_use({LOW: 12}), {LOW: 9}, POLICY)[CRITICAL] == 4


def test_a_decision_tells_what_changed_since_the_last() -> None:
    first = allocate(in_use({LOW: 12, HIGH: 4}), {HIGH: 9, LOW: 9}, POLICY)
    assert first.decisions
    again = allocate(in_use({LOW: 12, HIGH: 4}), {HIGH: 9, LOW: 9}, POLICY, first.limits)
    assert again.decisions == ()


@settings(deadline=None)
@given(counts, counts, st.integers(1, 40))
def test_limits_leave_no_slot_idle_that_somebody_waits_for(
    used: dict[Tier, int], waiting: dict[Tier, int], slots: int
) -> None:
    usage = in_use(used, slots)
    limits = allocate(usage, waiting, POLICY).limits
    reserve = POLICY.reserve(slots)
    wants = {tier: used.get(tier, 0) + waiting.get(tier, 0) for tier in Tier}
    others = sum(min(limits[tier], wants[tier]) for tier in Tier if tier is not CRITICAL)
    critical = min(limits[CRITICAL], wants[CRITICAL])
    wanted = sum(min(wants[tier], POLICY.ceilings[tier]) for tier in (HIGH, MEDIUM, LOW))
    assert others + max(critical, reserve) >= min(slots, wanted + max(critical, reserve))
    for tier in Tier:
        assert 0 <= limits[tier] <= POLICY.ceilings[tier]
        assert tier is CRITICAL or limits[tier] <= slots - reserve
