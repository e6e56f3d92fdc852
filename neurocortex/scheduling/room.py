"""What is free while a choice is made, and the limits a run has to pass: each one small rule."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import RESOURCES, Resources, Usage, Work
from neurocortex.scheduling.backlog import Shape
from neurocortex.scheduling.holds import Hold, Reason
from neurocortex.scheduling.policy import Policy


class Room:
    """Slots and resources that are left. They only become fewer: what is held back stays so."""

    def __init__(self, usage: Usage, limits: Mapping[Tier, int], policy: Policy) -> None:
        """Begin with a snapshot; a tier without a limit has its ceiling."""
        self.slots = usage.slots
        self.reserve = policy.reserve(usage.slots)
        self.limits = {tier: limits.get(tier, policy.ceilings[tier]) for tier in Tier}
        self.ceilings = policy.ceilings
        self.by_tier = {tier: usage.by_tier.get(tier, 0) for tier in Tier}
        self.used = sum(self.by_tier.values())
        self.free_slots = usage.free_slots
        self.offered = usage.offered
        self.free = usage.free
        self.kept: Work | None = None
        self._deployments = usage.by_deployment
        self._started: dict[UUID, int] = {}

    def tier_hold(self, tier: Tier) -> Hold | None:
        """Return what holds back every run of a tier."""
        return next((hold for rule in TIER_RULES if (hold := rule(self, tier))), None)

    def hold(self, shape: Shape | Work) -> Hold | None:
        """Return what holds back the runs of one shape, were their tier free to start them."""
        return next((hold for rule in RUN_RULES if (hold := rule(self, shape))), None)

    def take(self, work: Work) -> None:
        """Count a run as started."""
        self.by_tier[work.tier] += 1
        self.used += 1
        self.free_slots -= 1
        self.free -= work.needs
        if work.deployment is not None:
            self._started[work.deployment] = self._started.get(work.deployment, 0) + 1

    def keep(self, work: Work) -> None:
        """Keep what a run needs, as far as it is free: only what is left beside it is given out.

        The first reservation of EASY backfilling (Lifka 1995), without knowledge of when the
        running ones end.
        """
        self.kept = work

    @property
    def left(self) -> Resources:
        """What is free beside what is kept."""
        return self.free if self.kept is None else _at_least_0(self.free - self.kept.needs)

    def running(self, deployment: UUID) -> int:
        """Return how many runs of a deployment run."""
        return self._deployments.get(deployment, 0) + self._started.get(deployment, 0)


def no_slot(room: Room, tier: Tier) -> Hold | None:  # noqa: ARG001 - as TIER_RULES asks
    """A run takes a slot: one of all, and one of this worker."""
    if room.used >= room.slots:
        return Hold(Reason.NO_SLOT, f"all {room.slots} slots are in use")
    if room.free_slots <= 0:
        return Hold(Reason.NO_SLOT, "all slots of this worker are in use")
    return None


def critical_reserve(room: Room, tier: Tier) -> Hold | None:
    """What critical does not use of its reserve is left free by the others."""
    spared = max(0, room.reserve - room.by_tier[Tier.CRITICAL])
    if tier is Tier.CRITICAL or room.used + spared < room.slots:
        return None
    free = room.slots - room.used
    return Hold(
        Reason.CRITICAL_RESERVE,
        f"the {free} free of {room.slots} slots are in the reserve of critical ({room.reserve})",
    )


def tier_limit(room: Room, tier: Tier) -> Hold | None:
    """A tier has no more slots than the allocator gives it."""
    if room.by_tier[tier] < room.limits[tier]:
        return None
    return Hold(
        Reason.TIER_LIMIT,
        f"{tier.value} uses {room.by_tier[tier]} slots of the {room.limits[tier]} it may have now",
    )


def never_fits(room: Room, shape: Shape | Work) -> Hold | None:
    """What is too big for the whole worker is not waited for."""
    lacking = shape.needs.lacking_in(room.offered)
    if lacking is None:
        return None
    return Hold(
        Reason.NEVER_FITS,
        f"needs {_amounts(lacking, shape.needs, room.offered)} this worker has altogether",
    )


def deployment_limit(room: Room, shape: Shape | Work) -> Hold | None:
    """A deployment may have a limit of its own; nobody but its own runs waits for it."""
    if shape.deployment is None or shape.deployment_limit is None:
        return None
    running = room.running(shape.deployment)
    if running < shape.deployment_limit:
        return None
    return Hold(
        Reason.DEPLOYMENT_LIMIT,
        f"{running} runs of its deployment run, of {shape.deployment_limit} that may",
    )


def resources(room: Room, shape: Shape | Work) -> Hold | None:
    """A run starts where there is room for it."""
    lacking = shape.needs.lacking_in(room.free)
    if lacking is None:
        return None
    return Hold(
        Reason.RESOURCES,
        f"needs {_amounts(lacking, shape.needs, room.free)} that are free on this worker",
    )


def kept_for_aged(room: Room, shape: Shape | Work) -> Hold | None:
    """A big run that has waited too long gets what the runs before it give back."""
    if room.kept is None or (lacking := shape.needs.lacking_in(room.left)) is None:
        return None
    return Hold(
        Reason.KEPT,
        f"needs {_amounts(lacking, shape.needs, room.left)} that are free beside what is kept for"
        f" run {room.kept.id}, which has waited too long",
    )


TIER_RULES: Final[tuple[Callable[[Room, Tier], Hold | None], ...]] = (
    no_slot,
    critical_reserve,
    tier_limit,
)
"""What everybody waits for comes first, so that a hold names the widest limit."""

RUN_RULES: Final[tuple[Callable[[Room, Shape | Work], Hold | None], ...]] = (
    never_fits,  # waiting does not help
    deployment_limit,
    resources,
    kept_for_aged,
)


def _amounts(name: str, needs: Resources, available: Resources) -> str:
    return f"{getattr(needs, name):g} {name}, more than the {getattr(available, name):g}"


def _at_least_0(amount: Resources) -> Resources:
    return Resources(*(max(0.0, getattr(amount, name)) for name in RESOURCES))
