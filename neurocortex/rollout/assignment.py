"""Which version answers a request, and which computes a copy; a caller stays with one. Pure."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from uuid import UUID

from neurocortex.rollout.plan import Arm, Rollout, Strategy

BUCKETS: Final = 10_000
"""A percentage is kept to two decimals."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What happens with one request."""

    serves: Arm
    copied_to: Arm | None = None
    """Computes a copy that nobody gets."""


def is_chosen(rollout: UUID, tenant: str, key: str, percent: float) -> bool:
    """Tell whether a caller is among so many percent.

    It depends on the rollout, the tenant and the key alone: every process says the same, a caller
    stays where they are, and who was chosen for one rollout is no likelier in the next. With a
    higher percentage those who were chosen stay chosen.
    """
    text = b"\0".join((rollout.bytes, tenant.encode(), key.encode()))
    bucket = int.from_bytes(blake2b(text, digest_size=8).digest()) % BUCKETS
    return bucket < percent * BUCKETS / 100


def assign(rollout: Rollout, tenant: str, key: str) -> Assignment:
    """Return which version answers a request while the rollout runs.

    Args:
        rollout: one that runs.
        tenant: whose request it is.
        key: what makes the choice sticky: the session, or the request itself.
    """
    chosen = is_chosen(rollout.id, tenant, key, rollout.percent)
    match rollout.strategy:
        case Strategy.CANARY:
            return Assignment(Arm.CANDIDATE if chosen else Arm.STABLE)
        case Strategy.SHADOW:
            return Assignment(Arm.STABLE, Arm.CANDIDATE if chosen else None)
        case Strategy.BLUE_GREEN:
            return Assignment(Arm.CANDIDATE, Arm.STABLE if chosen else None)
