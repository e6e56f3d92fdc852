"""Why one run waits, how many are before it, and when it may start."""

from collections.abc import Mapping
from dataclasses import dataclass

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Usage, Work
from neurocortex.scheduling.accounts import Accounts
from neurocortex.scheduling.backlog import Backlog, Shape
from neurocortex.scheduling.choose import Choice, Turns, choose
from neurocortex.scheduling.holds import Hold, Reason
from neurocortex.scheduling.policy import Policy
from neurocortex.scheduling.room import Room


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of a run that waits."""

    hold: Hold | None
    """What holds it back; None when it is among the next to start."""
    position: int
    """Its place, from 1, in the order in which all that wait would start."""
    position_in_tier: int
    """The same among the runs of its tier."""
    starts_in_s: float | None
    """Expected wait from now in seconds; None when nothing is known to go by."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a tier's runs have started and ended lately; None where nothing is known."""

    starts_per_s: float | None = None
    mean_run_s: float | None = None


class _Endless(Room):
    """Room for everything: what is left of the rules is the order alone."""

    def tier_hold(self, tier: Tier) -> Hold | None:  # noqa: ARG002 - as Room asks
        return None

    def hold(self, shape: Shape | Work) -> Hold | None:  # noqa: ARG002 - as Room asks
        return None


def explain(
    work: Work,
    backlog: Backlog,
    usage: Usage,
    limits: Mapping[Tier, int],
    policy: Policy,
    pace: Pace,
    now: float,
) -> Explanation:
    """Explain why a run of the backlog waits.

    Args:
        work: The run; it must be in the backlog.
        backlog: The runs that are due.
        usage: What is in use, and what is left of the worker that would start it.
        limits: Slots each tier may have, from the allocator.
        policy: The tiers' shares.
        pace: How fast runs of its tier start or end lately.
        now: Seconds since the epoch.

    Raises:
        KeyError: the run does not wait.
    """
    if work.id not in backlog:
        raise KeyError(work.id)
    endless = _Endless(usage, limits, policy)
    order = Turns(backlog, endless, Accounts(usage.accounts), policy, now)
    position, in_tier = _place(work, order)
    choice = choose(backlog, usage, limits, policy, now)
    hold = _hold(work, choice, Room(usage, limits, policy), position)
    slots = min(usage.slots, limits.get(work.tier, policy.ceilings[work.tier]))
    return Explanation(hold, position, in_tier, _wait(hold, in_tier, slots, pace))


def _place(work: Work, order: Turns) -> tuple[int, int]:
    """Let the scheduler's own rules run on, as if all fitted, until it is the run's turn."""
    in_tier = 0
    for position, start in enumerate(order, 1):
        in_tier += start.work.tier is work.tier
        if start.work.id == work.id:
            return position, in_tier
    raise KeyError(work.id)


def _hold(work: Work, choice: Choice, room: Room, position: int) -> Hold | None:
    """Return the limit the run itself meets, or else that it is not its turn."""
    if any(start.work.id == work.id for start in choice.starts):
        return None
    met = room.hold(work) or room.tier_hold(work.tier) or choice.holds.get(work.id)
    return met or Hold(Reason.TURN, f"{position - 1} runs go before it")


def _wait(hold: Hold | None, in_tier: int, slots: int, pace: Pace) -> float | None:
    """Return its place in its tier by the pace of the tier.

    From starts where there were any; else each slot of the tier is thought to be free again after
    a mean run.
    """
    if hold is None:
        return 0.0
    if hold.reason is Reason.NEVER_FITS:
        return None
    if pace.starts_per_s:
        return in_tier / pace.starts_per_s
    if pace.mean_run_s is not None and slots > 0:
        return in_tier * pace.mean_run_s / slots
    return None
