"""The experiments that run, in Redis in front of PostgreSQL: every gateway reads them often."""

from typing import Final

from pydantic import ValidationError
from redis.asyncio import Redis

from neurocortex.experiments.store import Snapshot
from neurocortex.lua import LuaScripts
from neurocortex.rollout import scripts

KEY: Final = "experiments"
"""A string, `REVISION JSON` of a snapshot, as that of the rollouts is."""


class Front:
    """Experiments in one Redis. Every method raises RedisError where it does not answer."""

    def __init__(self, redis: Redis, namespace: str = scripts.NAMESPACE) -> None:
        """Use a Redis with `decode_responses=False`."""
        self._redis = redis
        self._scripts = LuaScripts(redis, namespace)

    async def read(self) -> Snapshot | None:
        """Return the snapshot; None: Redis has none, or one of another release."""
        found = await self._redis.get(self._scripts.key(KEY))
        if found is None:
            return None
        text = found if isinstance(found, bytes) else found.encode()
        try:
            return Snapshot.model_validate_json(text.partition(b" ")[2])
        except ValidationError:
            return None

    async def publish(self, snapshot: Snapshot) -> None:
        """Put a snapshot there, unless a newer one is there."""
        arguments: list[str | bytes | int] = [snapshot.revision, snapshot.model_dump_json()]
        await self._scripts.call(scripts.PUBLISH, [KEY], arguments)
