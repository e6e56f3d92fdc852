"""A snapshot in Redis, read often and by every process."""

from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from neurocortex.lua import LuaScripts
from neurocortex.snapshots import scripts


class Revised(BaseModel):
    """A snapshot: a subclass has what the table knows at one moment."""

    model_config = ConfigDict(frozen=True)

    revision: int = 0


SnapshotT = TypeVar("SnapshotT", bound=Revised)


class SnapshotFront(Generic[SnapshotT]):
    """The snapshot of one table. Every method raises RedisError where Redis does not answer."""

    def __init__(
        self, redis: Redis, name: str, kind: type[SnapshotT], namespace: str = scripts.NAMESPACE
    ) -> None:
        """Use a Redis with `decode_responses=False`.

        Args:
            redis: where it is.
            name: its key, below the namespace.
            kind: what it is.
            namespace: what all keys start with.
        """
        self._redis: Final = redis
        self._name = name
        self._kind = kind
        self._scripts: Final = LuaScripts(redis, namespace)

    async def read(self) -> SnapshotT | None:
        """Return the snapshot; None: Redis has none, or one of another release."""
        found = await self._redis.get(self._scripts.key(self._name))
        if found is None:
            return None
        try:
            return self._kind.model_validate_json(as_bytes(found).partition(b" ")[2])
        except ValidationError:
            return None

    async def publish(self, snapshot: SnapshotT) -> None:
        """Put a snapshot there, unless a newer one is there."""
        arguments: list[str | bytes | int] = [snapshot.revision, snapshot.model_dump_json()]
        await self._scripts.call(scripts.PUBLISH, [self._name], arguments)


def as_bytes(answer: bytes | str) -> bytes:
    """Return what Redis said: redis-py's types do not know `decode_responses`."""
    return answer.encode() if isinstance(answer, str) else answer
