"""Rollouts in Redis, in front of PostgreSQL: read often, and counted by every process."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from redis.asyncio import Redis

from neurocortex.rollout import scripts
from neurocortex.rollout.counts import ArmCounts, Counts
from neurocortex.rollout.plan import Arm
from neurocortex.rollout.store import Snapshot
from neurocortex.snapshots.front import SnapshotFront, as_bytes
from neurocortex.snapshots.scripts import NAMESPACE

KEPT_S: Final = 7 * 86_400
"""Counts of a rollout that nobody asks any more."""

REQUESTS: Final = "requests"
ERRORS: Final = "errors"
TIME: Final = "t"
"""Before the class of a time."""


def field_of(arm: Arm, name: str) -> str:
    """Return the field of a count in a rollout's hash."""
    return f"{arm.value}:{name}"


class Front(SnapshotFront[Snapshot]):
    """Rollouts in one Redis. Every method raises RedisError where it does not answer."""

    def __init__(self, redis: Redis, namespace: str = NAMESPACE) -> None:
        """Use a Redis with `decode_responses=False`."""
        super().__init__(redis, scripts.SNAPSHOT, Snapshot, namespace)

    async def count(self, rollout: UUID, counts: Mapping[str, int], broken: str) -> None:
        """Add to the counts of a rollout; `broken`: why its candidate never can serve, or ""."""
        arguments: list[str | bytes | int] = [KEPT_S, str(uuid4()), broken]
        for name, count in counts.items():
            arguments += [name, count]
        await self._scripts.call(scripts.COUNT, [scripts.counts(rollout)], arguments)

    async def counts(self, rollout: UUID) -> Counts:
        """Return what was counted of a rollout."""
        key = self._scripts.key(scripts.counts(rollout))
        found = {
            as_bytes(name).decode(): as_bytes(value)
            for name, value in (await self._redis.hgetall(key)).items()
        }
        return Counts(
            stable=_arm(found, Arm.STABLE),
            candidate=_arm(found, Arm.CANDIDATE),
            epoch=found.get(scripts.EPOCH, b"").decode(),
            broken=found.get(scripts.BROKEN, b"").decode(),
        )


def _arm(found: Mapping[str, bytes], arm: Arm) -> ArmCounts:
    times = field_of(arm, TIME)
    return ArmCounts(
        requests=int(found.get(field_of(arm, REQUESTS), 0)),
        errors=int(found.get(field_of(arm, ERRORS), 0)),
        times={
            int(name.removeprefix(times)): int(count)
            for name, count in found.items()
            if name.startswith(times)
        },
    )
