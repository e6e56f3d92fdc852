"""What flow runs of requests took of their machine, told by the worker that ran them, in Redis.

It is a stream of bounded length: what is lost there is learned again from later runs.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from redis.asyncio import Redis

from neurocortex.learning import layout
from neurocortex.stream.stream import reached

KEPT: Final = 20_000
"""Runs, the newest, about."""

FIELD: Final = "taken"

ENTRIES: Final = TypeAdapter(list[tuple[bytes, dict[bytes, bytes]]])


class Consumed(BaseModel):
    """What one run took that completed."""

    model_config = ConfigDict(frozen=True)

    flow_run: UUID
    cpu_s: float
    """Processor time, of all its processes."""
    memory_mb: float | None
    """At most at one moment, beyond what it shares with other runs; None: it was too short."""
    reserved_mb: float
    """What its job variable `memory` says."""
    written_mb: float | None = None
    """To disks, by all its processes: the most that it can have held there; None: not known."""
    reserved_storage_mb: float = 0.0
    """What its job variable `storage` says; 0: nothing."""


class Consumption:
    """Each method raises StreamUnavailableError when Redis does not answer."""

    def __init__(self, redis: Redis, namespace: str = layout.NAMESPACE) -> None:
        """Keep it under a key that starts with the namespace; any client can `tell`."""
        self._redis = redis
        self._key = f"{namespace}:{layout.CONSUMPTION}"

    async def tell(self, taken: Consumed) -> None:
        """Keep what a run took."""
        with reached():
            content = taken.model_dump_json()
            await self._redis.xadd(self._key, {FIELD: content}, maxlen=KEPT, approximate=True)

    async def all(self) -> Mapping[UUID, Consumed]:
        """Return what is known, by flow run; the client is one with `decode_responses=False`.

        What another release wrote and this one cannot read is left out.
        """
        found = {}
        with reached():
            entries = await self._redis.xrange(self._key)
        for _, fields in ENTRIES.validate_python(entries):
            try:
                taken = Consumed.model_validate_json(fields.get(FIELD.encode(), b""))
            except ValidationError:
                continue
            found[taken.flow_run] = taken
        return found
