"""Rollouts in Redis, in front of PostgreSQL: read often, and counted by every process."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from pydantic import ValidationError
from redis.asyncio import Redis

from neurocortex.lua import LuaScripts
from neurocortex.rollout import scripts
from neurocortex.rollout.counts import ArmCounts, Counts
from neurocortex.rollout.plan import Arm
from neurocortex.rollout.store import Snapshot

KEPT_S: Final = 7 * 86_400
"""Counts of a rollout that nobody asks any more."""

REQUESTS: Final = "requests"
ERRORS: Final = "errors"
TIME: Final = "t"
"""Before the class of a time."""


def field_of(arm: Arm, name: str) -> str:
    """Return the field of a count in a rollout's hash."""
    return f"{arm.value}:{name}"


class Front:
    """Rollouts in one Redis. Every method raises RedisError where it does not answer."""

    def __init__(self, redis: Redis, namespace: str = scripts.NAMESPACE) -> None:
        """Use a Redis with `decode_responses=False`."""
        self._redis = redis
        self._scripts = LuaScripts(redis, namespace)

    async def read(self) -> Snapshot | None:
        """Return the snapshot; None: Redis has none, or one of another release."""
        found = await self._redis.get(self._scripts.key(scripts.SNAPSHOT))
        if found is None:
            return None
        try:
            return Snapshot.model_validate_json(_bytes(found).partition(b" ")[2])
        except ValidationError:
            return None

    async def publish(self, snapshot: Snapshot) -> None:
        """Put a snapshot there, unless a newer one is there."""
        arguments: list[str | bytes | int] = [snapshot.revision, snapshot.model_dump_json()]
        await self._scripts.call(scripts.PUBLISH, [scripts.SNAPSHOT], arguments)

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
            _bytes(name).decode(): _bytes(value)
            for name, value in (await self._redis.hgetall(key)).items()
        }
        return Counts(
            stable=_arm(found, Arm.STABLE),
            candidate=_arm(found, Arm.CANDIDATE),
            epoch=found.get(scripts.EPOCH, b"").decode(),
            broken=found.get(scripts.BROKEN, b"").decode(),
        )


def _bytes(answer: bytes | str) -> bytes:
    """Return what Redis said: redis-py's types do not know `decode_responses`."""
    return answer.encode() if isinstance(answer, str) else answer


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
