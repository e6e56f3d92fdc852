from uuid import UUID

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Usage, Work
from neurocortex.scheduling.backlog import Backlog
from neurocortex.scheduling.forecast import Explanation, Pace, explain
from neurocortex.scheduling.holds import Reason
from neurocortex.scheduling.policy import Policy
from neurocortex.settings import SchedulingSettings, TierSettings

POLICY = Policy.of(TierSettings(), SchedulingSettings())
WORKER = Resources(cpu=8)


def usage(low: int) -> Usage:
    return Usage(8, {Tier.LOW: low}, {}, WORKER, WORKER, 8 - low, {})


def work(number: int, tier: Tier = Tier.LOW, cpu: float = 1) -> Work:
    return Work(UUID(int=number), tier, "acme", Resources(cpu=cpu), 10.0, float(number))


def explained(number: int, low: int, pace: Pace, *works: Work) -> Explanation:
    backlog = Backlog()
    for one in works:
        backlog.add(one)
    found = backlog.get(UUID(int=number))
    assert found is not None
    return explain(found, backlog, usage(low), {}, POLICY, pace, now=100.0)


def test_a_run_that_is_next_waits_for_nothing() -> None:
    assert explained(1, 0, Pace(), work(1)) == Explanation(None, 1, 1, 0.0)


def test_place_and_wait_follow_the_order_of_the_scheduler() -> None:
    works = [work(number) for number in range(1, 5)]
    found = explained(4, 6, Pace(starts_per_s=0.5), *works, work(9, Tier.CRITICAL))
    assert (found.position, found.position_in_tier, found.starts_in_s) == (5, 4, 8.0)
    assert found.hold is not None
    assert found.hold.reason is Reason.CRITICAL_RESERVE


def test_without_starts_the_mean_run_tells_the_wait() -> None:
    works = [work(number) for number in range(1, 4)]
    found = explained(3, 8, Pace(mean_run_s=64.0), *works)
    assert found.starts_in_s == 24.0  # 8 slots, each free again after 64 s
    assert found.hold is not None
    assert found.hold.text == "all 8 slots are in use"


def test_with_nothing_to_go_by_the_wait_is_unknown() -> None:
    assert explained(1, 8, Pace(), work(1)).starts_in_s is None


def test_a_run_that_never_fits_is_never_expected() -> None:
    found = explained(1, 0, Pace(starts_per_s=1), work(1, cpu=9))
    assert found.hold is not None
    assert found.hold.reason is Reason.NEVER_FITS
    assert found.starts_in_s is None


def test_a_run_behind_others_is_told_how_many() -> None:
    found = explained(7, 0, Pace(), *[work(number) for number in range(1, 8)])
    assert found.hold is not None
    assert found.hold.reason in {Reason.TURN, Reason.CRITICAL_RESERVE}
    assert found.position == 7


def test_only_what_waits_can_be_explained() -> None:
    with pytest.raises(KeyError):
        explain(work(1), Backlog(), usage(0), {}, POLICY, Pace(), now=0.0)
